"""Tables of a release: the four states, cross tables, totals, and both forms they travel in."""

from __future__ import annotations

import pytest
from tests.present.builders import empty_release, make_release, masked, mixed, present

from daicho.core.errors import UsageError
from daicho.gate.release import Release
from daicho.present.released import PresentedRelease
from daicho.present.tables import TABLE_MIME, Table


def _cells(table: Table, key: str) -> list[tuple[object, str, str]]:
    place = [column.key for column in table.columns].index(key)
    return [(row[place].value, row[place].status, row[place].text) for row in table.rows]


def test_four_states_stay_four_different_things() -> None:
    table = present(make_release("annual_counts", by=["month"], state=mixed)).table()
    cells = dict((status, (value, text)) for value, status, text in _cells(table, "doses_count"))
    assert cells["suppressed"] == (None, "＊")
    assert cells["zero"] == (0, "0")
    assert cells["not_applicable"] == (None, "－")
    assert cells["value"][0] not in (None, 0)


def test_numbers_are_written_with_thousands_and_rates_in_per_cent() -> None:
    release = make_release("consignment_payments", by=["ward"])
    frame = release.frame.with_columns(payable_yen=release.frame["payable_yen"] * 10_000)
    table = present(Release(frame=frame, facts=release.facts)).table()
    assert _cells(table, "payable_yen")[0] == (1_200_000, "value", "1,200,000")
    rates = present(make_release("coverage_cohort", by=["district"])).table()
    assert _cells(rates, "coverage_rate")[0] == (0.96, "value", "96.0 %")


def test_headings_are_labels_with_units() -> None:
    table = present(make_release("consignment_payments", by=["ward"])).table(columns=["doses_count", "payable_yen"])
    assert [column.label for column in table.columns] == ["区", "接種回数（回）", "支払額（円）"]
    assert [column.kind for column in table.columns] == ["text", "count", "yen"]


def test_pivot_turns_a_dimension_into_headings() -> None:
    release = make_release("coverage_cohort", by=["district", "birth_fy"], where={"birth_fy": ["2022", "2023"]})
    table = present(release).table(pivot="birth_fy", columns=["coverage_rate"])
    assert [column.label for column in table.columns] == ["地区", "2022年度生まれ", "2023年度生まれ"]
    assert [column.key for column in table.columns] == ["district", "birth_fy_2022", "birth_fy_2023"]
    assert [row[0].text for row in table.rows] == ["芝", "麻布", "赤坂", "高輪", "芝浦港南"]


def test_pivot_keeps_masked_cells_masked() -> None:
    release = make_release("coverage_cohort", by=["district", "birth_fy"], state=masked)
    table = present(release).table(pivot="birth_fy", columns=["coverage_rate"])
    assert {cell.text for row in table.rows for cell in row[1:]} == {"＊"}
    assert {cell.value for row in table.rows for cell in row[1:]} == {None}


def test_combination_missing_from_a_release_is_not_applicable_and_never_zero() -> None:
    release = make_release("annual_counts", by=["district", "program_class"])
    table = present(Release(frame=release.frame.head(-1), facts=release.facts)).table(pivot="program_class", columns=["doses_count"])
    assert (table.rows[-1][3].value, table.rows[-1][3].status, table.rows[-1][3].text) == (None, "not_applicable", "－")


def test_headings_of_a_pivot_stand_in_the_order_of_the_code_list_whichever_comes_first() -> None:
    release = make_release("annual_counts", by=["district", "program_class"])
    orders = {"program_class": ("定期A", "定期B", "臨時")}
    late = PresentedRelease(frame=release.frame.slice(1), facts=release.facts, orders=orders)
    assert [column.label for column in late.table(pivot="program_class", columns=["doses_count"]).columns][1:] == ["定期A", "定期B", "臨時"]


def test_pivot_of_several_values_names_both_in_the_heading() -> None:
    table = present(make_release("annual_counts", by=["district", "program_class"])).table(pivot="program_class")
    assert table.columns[1].key == "program_class_定期A_doses_count"
    assert table.columns[1].label == "定期A 接種回数（回）"


def test_pivot_of_the_only_dimension_gives_one_row_of_totals() -> None:
    table = present(make_release("annual_counts", by=["program_class"])).table(pivot="program_class", columns=["doses_count"])
    assert len(table.rows) == 1
    assert table.rows[0][0].text == "合計"


def test_total_row_comes_from_its_own_release_and_is_emphasised() -> None:
    release, total = make_release("annual_counts", by=["vaccine", "dose"]), make_release("annual_counts", release_id="r-0002")
    table = present(release).table(totals=[total])
    assert table.emphasis_rows == (len(table.rows) - 1,)
    assert [cell.text for cell in table.rows[-1]] == ["合計", "", "120", "120"]
    assert table.release_ids == ("r-0001", "r-0002")


def test_subtotals_keep_the_dimension_they_have() -> None:
    release, total = make_release("annual_counts", by=["month", "program_class"]), make_release("annual_counts", by=["month"])
    table = present(release).table(totals=[total])
    assert [cell.text for cell in table.rows[-1]][:2] == ["2026年3月", "合計"]


def test_total_under_pivoted_headings_must_have_them() -> None:
    release = make_release("annual_counts", by=["month", "program_class"])
    table = present(release).table(
        pivot="program_class", columns=["doses_count"], totals=[make_release("annual_counts", by=["program_class"])]
    )
    assert table.rows[-1][0].text == "合計"
    assert table.rows[-1][1].value == 120
    with pytest.raises(UsageError, match="must itself be by program_class"):
        present(release).table(pivot="program_class", totals=[make_release("annual_counts", by=["month"])])


@pytest.mark.parametrize(
    "total", [make_release("annual_counts", by=["month"]), make_release("residents"), make_release("annual_counts", by=["sex"])]
)
def test_total_of_something_else_is_refused(total: Release) -> None:
    with pytest.raises(UsageError, match="fewer dimensions"):
        present(make_release("annual_counts", by=["month"])).table(totals=[total])


def test_unknown_column_and_dimension_are_refused_with_what_there_is() -> None:
    release = present(make_release("annual_counts", by=["month"]))
    with pytest.raises(UsageError, match="doses_count, persons_count"):
        release.table(columns=["lot"])
    with pytest.raises(UsageError, match="it has month"):
        release.table(pivot="district")


def test_table_name_is_fit_for_a_file() -> None:
    release = present(make_release("annual_counts", by=["month"]))
    assert release.table().name == "annual_counts_by_month"
    for name in ("../x", "月別", "", "A"):
        with pytest.raises(UsageError, match="file name"):
            Table(name=name, title="", columns=(), rows=())


def test_mime_bundle_has_the_published_structure_and_html_for_the_lab() -> None:
    bundle = present(make_release("annual_counts", by=["month"], state=mixed)).table(title="月別", notes=["注"])._repr_mimebundle_()
    data = bundle[TABLE_MIME]
    assert set(data) == {"schema", "name", "title", "notes", "columns", "rows", "emphasis_rows", "release_ids", "facts"}
    assert (data["schema"], data["title"], data["notes"], data["release_ids"]) == (1, "月別", ["注"], ["r-0001"])
    assert data["columns"][1] == {"key": "doses_count", "label": "接種回数（回）", "kind": "count"}
    assert data["rows"][0][1] == {"value": 120, "status": "value", "text": "120"}
    assert data["facts"]["as_of"] == "2026-03-31"
    assert "＊：開示基準により秘匿" in bundle["text/html"]
    assert bundle["text/html"].count("<tr>") == 13


def test_html_escapes_what_it_shows() -> None:
    release = make_release("annual_counts", by=["month"])
    assert "<b>" not in present(release).table(title="<b>x</b>", notes=["<b>"]).to_html()


def test_empty_release_gives_a_table_that_says_so() -> None:
    table = present(empty_release("annual_counts", by=["month", "district"])).table(pivot="district")
    assert table.to_json()["notes"] == ["データがありません。"]
    assert "データがありません" in table.to_html()


def test_english_table_has_english_headings() -> None:
    table = present(make_release("annual_counts", by=["month"]), language="en").table(title="月別", title_en="By month")
    assert table.title == "By month"
    assert [column.label for column in table.columns] == ["Month", "Doses (doses)", "Persons (persons)"]
