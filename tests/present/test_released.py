"""What a notebook can say with a release: values in sentences, parts, shares, notes, cautions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.present.builders import empty_release, make_release, masked, mixed, present, shown

from daicho.core.errors import UsageError
from daicho.gate.release import Release


def test_value_is_written_with_its_unit() -> None:
    release = present(make_release("annual_counts", by=["vaccine"]))
    assert str(release.value("doses_count", vaccine="BCG")) == "120回"
    assert str(release.value("persons_count", vaccine="BCG")) == "120人"
    assert str(present(make_release("coverage_cohort")).value("coverage_rate")) == "96.0 %"


def test_value_in_english_has_an_english_unit() -> None:
    assert str(present(make_release("annual_counts"), language="en").value("doses_count")) == "120 doses"


def test_masked_value_reads_as_masked() -> None:
    figure = present(make_release("annual_counts", state=masked)).value("doses_count")
    assert (figure.value, str(figure)) == (None, "＊（秘匿）")


def test_value_that_is_not_there_reads_as_no_data() -> None:
    assert str(present(empty_release("annual_counts", by=["vaccine"])).value("doses_count", vaccine="MR")) == "データがありません"


def test_value_must_be_one() -> None:
    release = present(make_release("annual_counts", by=["vaccine"]))
    with pytest.raises(UsageError, match="more than one row"):
        release.value("doses_count")
    with pytest.raises(UsageError, match="doses_count, persons_count"):
        release.value("lot")


def test_only_takes_codes_labels_and_lists() -> None:
    release = present(make_release("coverage_cohort", by=["district", "birth_fy"]))
    assert release.only(district="芝").frame.height == 11
    assert release.only(district="shiba", birth_fy=[2020, 2021]).frame.height == 2
    assert release.only(district="芝").facts == release.facts
    with pytest.raises(UsageError, match="no dimension"):
        release.only(lot="x")


def test_at_takes_each_dose_at_its_own_cohort_in_the_order_given() -> None:
    release = present(make_release("coverage_cohort", by=["dose", "birth_fy"]))
    picked = release.at("birth_fy", {"MR-2": 2019, "MR-1": 2023}, of="dose")
    assert picked.frame.select("dose", "birth_fy").rows() == [("MR-2", 2019), ("MR-1", 2023)]
    assert picked.frame.columns == release.frame.columns


def test_up_to_leaves_out_the_cohorts_still_open() -> None:
    release = present(make_release("coverage_cohort", by=["dose", "birth_fy"]))
    frame = release.up_to("birth_fy", {"MR-1": 2023, "MR-2": 2019}, of="dose").frame
    assert frame.group_by("dose").max().select("dose", "birth_fy").sort("dose").rows() == [("MR-1", 2023), ("MR-2", 2019)]
    assert release.up_to("birth_fy", {}, of="dose").is_empty


def test_share_is_the_part_over_the_whole() -> None:
    release = present(make_release("intake_quality", by=["kind", "outcome"]))
    rows = release.only(kind="vrs_wide").frame
    expected = rows.row(1, named=True)["rows_count"] / rows["rows_count"].sum()
    share = release.share("rows_count", part={"outcome": "quarantined"}, of={"kind": "vrs_wide"})
    assert share.value == pytest.approx(expected)
    assert share.text == f"{expected * 100:.1f} %"


def test_share_with_a_masked_value_is_masked() -> None:
    release = present(make_release("intake_quality", by=["kind", "outcome"], state=mixed))
    assert release.share("rows_count", part={"outcome": "quarantined"}).status == "suppressed"


def test_share_of_nothing_is_no_number() -> None:
    release = present(empty_release("intake_quality", by=["kind", "outcome"]))
    assert release.share("rows_count", part={"outcome": "quarantined"}).value is None
    assert release.shares("rows_count", part={"outcome": "quarantined"}, of="kind").source == "データがありません。"


def test_part_that_does_not_occur_is_zero_per_cent() -> None:
    release = present(make_release("intake_quality", by=["outcome"], state=shown)).only(outcome="accepted")
    share = release.share("rows_count", part={"outcome": "quarantined"})
    assert (share.status, share.text) == ("zero", "0.0 %")


def test_note_lists_what_a_figure_rests_on() -> None:
    release = make_release("annual_counts", by=["month"], state=mixed, cells=24, recipient="東京都知事", legal_basis="施行令第7条")
    note = present(release).note()
    for part in (
        "分母は基準日の住民。",
        "予防接種法",
        "令和8年3月31日",
        "スナップショット：7",
        "庁内用（庁内限り）",
        "2 / 24".replace("2 ", ""),
        "r-0001",
    ):
        assert part in note.source
    assert "提供先：東京都知事" in note.source
    assert note._repr_mimebundle_()[1] == {"daicho": {"role": "note"}}


def test_note_warns_of_unverified_reference_data() -> None:
    assert "未確認の参照データ" in present(make_release("annual_counts", unverified=True)).note().source
    assert "未確認" not in present(make_release("annual_counts")).note().source


def test_caution_stands_out_only_where_something_is_unverified() -> None:
    assert present(make_release("annual_counts", unverified=True)).caution("例示", "illustrative").source == "> **注意：例示**"
    nothing = present(make_release("annual_counts")).caution("例示", "illustrative")
    assert nothing._repr_mimebundle_()[0] == {"text/plain": ""}


def test_release_shows_itself_as_its_table() -> None:
    release = present(make_release("annual_counts", by=["month"]))
    assert release._repr_mimebundle_() == release.table()._repr_mimebundle_()


def test_label_of_a_code() -> None:
    release = present(make_release("annual_counts", by=["vaccine"]))
    assert release.label("vaccine", "DPT-IPV-HIB") == "五種混合"
    assert release.label("vaccine", "X") == "－"


def test_a_missing_combination_counts_as_none_only_where_nothing_is_withheld() -> None:
    release = make_release("intake_quality", by=["rule"])
    rules = present(Release(frame=release.frame.head(0), facts=replace(release.facts, suppressed_cells=0)))
    assert (rules.count("rows_count", rule="bad_date").text, rules.count("rows_count", rule="bad_date").status) == ("0件", "zero")
    withholding = present(Release(frame=release.frame.head(0), facts=replace(release.facts, suppressed_cells=1)))
    assert withholding.count("rows_count", rule="bad_date").status == "not_applicable"
