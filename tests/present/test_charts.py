"""Charts of a release: what they embed, what they mark, what they say, and that they can be drawn."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
import vl_convert
from tests.present.builders import empty_release, make_release, masked, mixed, present, shown

from daicho.core.errors import UsageError
from daicho.gate.release import Release, label_of, status_of
from daicho.present import charts
from daicho.present.released import PresentedRelease
from daicho.present.theme import LAB_VEGALITE_MIME, SERIES_COLOURS, STACK_COLOURS, TEXT_WIDTH_PX, VEGALITE_MIME


def _rows(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return list(spec["data"]["values"])


def _all_forms(state: Any, *, language: str = "ja") -> dict[str, Any]:
    cohorts = present(make_release("coverage_cohort", by=["district", "birth_fy"], state=state), language=language)
    lines = present(make_release("coverage_cohort", by=["vaccine", "dose", "birth_fy"], state=state), language=language)
    return {
        "heat_map": cohorts.chart(title="図", title_en="Figure"),
        "trend": lines.chart(form="trend", x="birth_fy", series="dose", target=0.95, title="図", title_en="Figure"),
        "bars": present(make_release("coverage_cohort", by=["district"], state=state), language=language).chart(
            target=0.95, title="図", title_en="Figure"
        ),
        "months": present(make_release("annual_counts", by=["month"], state=state), language=language).chart(title="図", title_en="Figure"),
        "stacked": present(make_release("annual_counts", by=["month", "program_class"], state=state), language=language).chart(
            title="図", title_en="Figure"
        ),
    }


@pytest.mark.parametrize("state", [shown, masked, mixed], ids=["shown", "masked", "mixed"])
def test_every_form_can_be_drawn_and_has_title_and_description(state: Any) -> None:
    for form, chart in _all_forms(state).items():
        spec = chart.to_dict()
        assert spec["title"] == "図", form
        assert spec["description"], form
        svg = vl_convert.vegalite_to_svg(spec, vl_version="6.4")
        assert "<svg" in svg
        assert ("＊" in svg) == (state is not shown), form


@pytest.mark.parametrize("form", ["heat_map", "trend", "bars", "months", "stacked"])
def test_masked_values_are_null_in_the_data_a_chart_embeds(form: str) -> None:
    spec = _all_forms(masked)[form].to_dict()
    for row in _rows(spec):
        assert [value for value in row.values() if isinstance(value, int | float)] == []
    assert json.dumps(spec).count('"values"') == (3 if form in ("trend", "bars") else 1), "one copy of the data, and two of the target"


def test_only_the_columns_drawn_are_embedded() -> None:
    release = present(make_release("coverage_cohort", by=["vaccine", "dose", "birth_fy"]))
    spec = release.chart(form="trend", x="birth_fy", series="dose").to_dict()
    assert {key for row in _rows(spec) for key in row} == {"birth_fy", "dose", "coverage_rate", "mark"}
    assert "eligible_count" not in json.dumps(spec)


def test_series_differ_in_colour_dash_and_shape() -> None:
    spec = _all_forms(shown)["trend"].to_dict()
    line, points = spec["layer"][0]["encoding"], spec["layer"][1]["encoding"]
    assert line["color"]["scale"]["range"] == list(SERIES_COLOURS[:6])
    assert len({tuple(dash) for dash in line["strokeDash"]["scale"]["range"]}) == 6
    assert len(set(points["shape"]["scale"]["range"])) == 6


def test_doses_of_several_vaccines_are_called_by_vaccine_and_dose() -> None:
    spec = _all_forms(shown)["trend"].to_dict()
    assert "MR 1期" in spec["layer"][0]["encoding"]["color"]["scale"]["domain"]


def test_target_is_drawn_and_named() -> None:
    text = json.dumps(_all_forms(shown)["trend"].to_dict(), ensure_ascii=False)
    assert "目標 95 %" in text
    assert "目標線は95.0 %" in text


def test_alternative_text_names_extremes_and_withheld_values() -> None:
    release = present(make_release("annual_counts", by=["month"], state=mixed))
    description = release.chart(title="月別の接種回数").to_dict()["description"]
    assert description.startswith("月別の接種回数。縦棒グラフ。値は接種回数、分類は月。12項目。最大は2026/2の190回、最小は2025/8の0回。")
    assert description.endswith("秘匿2項目。")


def test_months_stand_in_calendar_order() -> None:
    spec = present(make_release("annual_counts", by=["month"])).chart().to_dict()
    assert spec["layer"][0]["encoding"]["x"]["sort"][0] == "2025/4"
    assert spec["layer"][0]["encoding"]["x"]["sort"][-1] == "2026/3"


def test_chart_fits_the_text_column_of_a_page() -> None:
    for chart in _all_forms(shown).values():
        spec = chart.to_dict()
        assert spec["width"] == TEXT_WIDTH_PX
        assert spec["autosize"] == {"type": "fit-x", "contains": "padding"}


def test_chart_takes_a_release_and_nothing_else() -> None:
    frame: Any = make_release("annual_counts", by=["month"]).frame
    with pytest.raises(UsageError, match="made from a release"):
        charts.bars(frame, y="month", title="")


def test_chart_that_would_stack_values_on_one_spot_is_refused() -> None:
    release = present(make_release("annual_counts", by=["month", "district"]))
    with pytest.raises(UsageError, match="draw all of month, district"):
        release.chart(form="bars", y="district")


def test_more_series_than_can_be_told_apart_are_refused() -> None:
    release = present(make_release("annual_counts", by=["month", "district"]))
    many = present(make_release("coverage_cohort", by=["birth_fy", "month"]))
    assert release.chart(form="months", series="district")
    with pytest.raises(UsageError, match="more than 8"):
        many.chart(form="trend", x="birth_fy", series="month")


@pytest.mark.parametrize(
    ("by", "mark"), [(["district"], "bar"), (["month"], "bar"), (["birth_fy"], "line"), (["district", "birth_fy"], "rect")]
)
def test_default_chart_suits_the_dimensions(by: list[str], mark: str) -> None:
    spec = present(make_release("coverage_cohort", by=by)).chart().to_dict()
    assert spec["layer"][0]["mark"]["type"] == mark


def test_release_without_dimensions_is_no_chart() -> None:
    with pytest.raises(UsageError, match="one figure"):
        present(make_release("annual_counts")).chart()
    with pytest.raises(UsageError, match="form is one of"):
        present(make_release("annual_counts", by=["month"])).chart(form="pie")


@pytest.mark.parametrize("form", ["trend", "bars", "heat_map", "months"])
def test_empty_release_draws_a_chart_that_says_so(form: str) -> None:
    by = {"trend": ["birth_fy"], "bars": ["district"], "heat_map": ["district", "birth_fy"], "months": ["month"]}[form]
    spec = present(empty_release("coverage_cohort", by=by)).chart(form=form).to_dict()
    assert "データがありません" in spec["description"]
    assert "データがありません" in vl_convert.vegalite_to_svg(spec, vl_version="6.4")


def test_renderer_emits_vegalite_for_publishing_and_for_the_lab_and_no_html() -> None:
    release: PresentedRelease = present(make_release("annual_counts", by=["month"]))
    bundle = release.chart()._repr_mimebundle_(None, None)
    assert set(bundle) == {VEGALITE_MIME, LAB_VEGALITE_MIME, "text/plain"}
    assert bundle[LAB_VEGALITE_MIME]["$schema"].endswith("/v5.json")
    assert bundle[VEGALITE_MIME]["$schema"].endswith("/v6.4.1.json")
    assert "url" not in json.dumps(bundle[VEGALITE_MIME]["layer"])


def test_the_lab_s_older_vegalite_draws_every_form() -> None:
    for form, chart in _all_forms(mixed).items():
        bundle = chart._repr_mimebundle_(None, None)
        assert "＊" in vl_convert.vegalite_to_svg(bundle[LAB_VEGALITE_MIME], vl_version="5.8"), form


def test_values_of_a_rate_above_one_stay_on_the_chart() -> None:
    release = make_release("coverage_cohort", by=["birth_fy"])
    frame = release.frame.with_columns(coverage_rate=release.frame["coverage_rate"] * 1.5)
    spec = present(Release(frame=frame, facts=release.facts)).chart(form="trend").to_dict()
    assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"][1] == pytest.approx(1.44)


def test_english_charts_are_english() -> None:
    for chart in _all_forms(shown, language="en").values():
        spec = chart.to_dict()
        assert spec["title"] == "Figure"
        assert spec["description"].startswith("Figure. ")


PLACES = {"district": {"shiba": (1, 2), "azabu": (2, 1), "akasaka": (1, 1), "takanawa": (3, 1), "shibaura_konan": (2, 2)}}


def _new_forms(state: Any) -> dict[str, Any]:
    districts = present(make_release("coverage_cohort", by=["district"], state=state))
    months = present(make_release("coverage_cumulative", by=["birth_fy", "age_months"], where={"birth_fy": ["2023"]}, state=state))
    parts = ["vaccinated_count", "unknown_history_count"]
    return {
        "tile_map": replace(districts, places=PLACES).chart(form="tile_map", title="図"),
        "dots": districts.chart(form="dots", target=0.95, title="図"),
        "ranking": districts.chart(form="ranking", lowest=3, target=0.95, title="図"),
        "curves": months.chart(form="curves", window=(2, 4), title="図"),
        "stacked": districts.chart(form="stacked", value="eligible_count", parts=parts, title="図"),
    }


@pytest.mark.parametrize("state", [shown, masked, mixed], ids=["shown", "masked", "mixed"])
def test_new_forms_are_drawn_described_and_mark_what_is_withheld(state: Any) -> None:
    for form, chart in _new_forms(state).items():
        spec = chart.to_dict()
        assert spec["description"].startswith("図。"), form
        svg = vl_convert.vegalite_to_svg(spec, vl_version="6.4")
        if state is masked:
            assert "＊" in svg, form


def test_the_parts_of_a_stack_differ_in_grey() -> None:
    grey = [0.299 * int(c[1:3], 16) + 0.587 * int(c[3:5], 16) + 0.114 * int(c[5:7], 16) for c in STACK_COLOURS]
    assert all(later - earlier > 15 for earlier, later in itertools.pairwise(grey))


def _spec_texts(chart: Any) -> str:
    return str(vl_convert.vegalite_to_svg(chart.to_dict(), vl_version="6.4"))


def _three_states(position: int, column: str) -> tuple[float | None, str]:
    return ((0, "zero"), (None, "not_applicable"), (None, "suppressed"))[position % 3]


@pytest.mark.parametrize(("form", "zero"), [("tile_map", "0.0 %"), ("dots", "0.0 %"), ("ranking", "0.0 %")])
def test_zero_withheld_and_not_applicable_stay_apart(form: str, zero: str) -> None:
    release = make_release("coverage_cohort", by=["district"], state=masked)
    frame = release.frame
    states = [_three_states(n, "coverage_rate") for n in range(frame.height)]
    frame = frame.with_columns(
        pl.Series("coverage_rate", [value for value, _ in states], dtype=pl.Float64),
        pl.Series(status_of("coverage_rate"), [status for _, status in states]),
    )
    shown_release = replace(present(Release(frame=frame, facts=release.facts)), places=PLACES)
    chart = shown_release.chart(form=form, title="図")
    marks = {row["mark"] for row in _rows(chart.to_dict())}
    svg = _spec_texts(chart)
    assert zero in marks
    assert zero in svg
    if form == "ranking":
        assert marks == {zero}, "only released values have a place in a ranking"
        assert "秘匿" in chart.to_dict()["description"]
    else:
        assert marks == {zero, "＊", "－"}
        assert "＊" in svg
        assert "－" in svg


def test_a_curve_has_a_point_for_a_zero_a_mark_for_what_is_withheld_and_nothing_where_nothing_applies() -> None:
    release = make_release("coverage_cumulative", by=["age_months"])
    states = ["zero", "suppressed", "not_applicable"]
    frame = release.frame.head(3).with_columns(
        *(pl.Series(name, [0.0, None, None], dtype=pl.Float64) for name in ("coverage_rate", "ci_low", "ci_high")),
        *(pl.Series(status_of(name), states) for name in ("coverage_rate", "ci_low", "ci_high")),
    )
    chart = present(Release(frame=frame, facts=release.facts)).chart(form="curves", title="図")
    assert [row["mark"] for row in _rows(chart.to_dict())] == ["0.0 %", "＊", "－"]
    svg = _spec_texts(chart)
    points = re.findall(r'<path[^>]*aria-roledescription="point"', svg)
    assert len(points) == 1, "the zero alone stands on the curve"
    assert "＊" in svg and "－" not in svg


def test_a_stack_has_no_part_for_a_zero_one_for_what_is_withheld_and_no_bar_where_nothing_applies() -> None:
    release = make_release("coverage_cohort", by=["district"])
    frame = release.frame.head(3).with_columns(
        pl.Series("eligible_count", [10, 10, None], dtype=pl.Int64),
        pl.Series("vaccinated_count", [10, 4, None], dtype=pl.Int64),
        pl.Series("unknown_history_count", [0, None, None], dtype=pl.Int64),
        *(pl.Series(status_of(name), ["value", "value", "not_applicable"]) for name in ("eligible_count", "vaccinated_count")),
        pl.Series(status_of("unknown_history_count"), ["zero", "suppressed", "not_applicable"]),
    )
    chart = present(Release(frame=frame, facts=release.facts)).chart(
        form="stacked", value="eligible_count", parts=["vaccinated_count", "unknown_history_count"], title="図"
    )
    rows = _rows(chart.to_dict())
    where = [row["district"] for row in rows]
    assert [row["to"] - row["from"] for row in rows if row["mark"] == "0.0 %"] == [0]
    assert [(row["from"], row["to"]) for row in rows if row["mark"] == "＊"] == [(0.4, 1.0)]
    assert len(set(where)) == 2, "a bar where nothing applies is not drawn"


def test_curves_are_told_apart_in_grey_and_named_once() -> None:
    release = present(make_release("coverage_cumulative", by=["birth_fy", "age_months"])).only(birth_fy=[2022, 2023])
    chart = release.chart(form="curves", title="図")
    layers = {layer["mark"]["type"]: layer["encoding"] for layer in chart.to_dict()["layer"]}
    assert len({tuple(dash) for dash in layers["line"]["strokeDash"]["scale"]["range"]}) == 2
    assert len(set(layers["point"]["shape"]["scale"]["range"])) == 2
    assert _spec_texts(chart).count(">2023年度生まれ<") == 1


def test_codes_that_are_called_alike_are_not_drawn_on_one_spot() -> None:
    release = make_release("coverage_cohort", by=["district"])
    frame = release.frame.with_columns(pl.lit("地区").alias(label_of("district")))
    spec = present(Release(frame=frame, facts=release.facts)).chart(form="bars").to_dict()
    assert len({row["district"] for row in _rows(spec)}) == frame.height
