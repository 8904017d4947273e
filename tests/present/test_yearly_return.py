"""The yearly return: the form with every row, sums that keep what is withheld withheld, checks that fail where figures differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from tests.notebooks.execution import run
from tests.present.builders import FakeClient, make_facts, masked, shown

from daicho.contracts.reference import load_reference
from daicho.core.errors import UsageError
from daicho.gate.release import Release
from daicho.measures.dimensions import FORM_REASONS
from daicho.present.checks import Check, check_table, summarise
from daicho.present.form_lines import Form, FormLine, load_form, unverified_rows
from daicho.present.form_tables import form_table, reason_table, row_table
from daicho.present.official import Municipality, Statute, load_statute, write_cover, write_signature
from daicho.present.sums import ABSENT, count_cell, total
from daicho.present.tables import TABLE_MIME, Table
from daicho.present.year_tables import stack_years, year_table
from daicho.present.yearly_return import REASONS

CONTRACTS = Path(__file__).parents[2] / "data_contracts"
FORM = Form(
    lines=(
        FormLine("MR-1", "MR", "1期", False), FormLine("MR-2", "MR", "2期", False), FormLine("FLU-E-1", "インフルエンザ", "1回目", True),
    ),
    categories=(("060-064", "60～64歳"), ("065-", "65歳以上")),
)  # fmt: skip
WORDS = {"name": "t", "title": "表", "notes": (), "language": "ja"}


def rows_release(*rows: tuple[str, str, int | None]) -> Release:
    """`form_rows` by row and column; None is a withheld figure."""
    frame = pl.DataFrame(
        [(row, row, column, column, count, "suppressed" if count is None else "value") for row, column, count in rows],
        schema={
            "row": pl.String, "row_label": pl.String, "column": pl.String, "column_label": pl.String, "doses_count": pl.Int64,
            "doses_count_status": pl.String,
        },
        orient="row",
    )  # fmt: skip
    facts = make_facts("form_rows", by=("row", "column"), suppressed_cells=sum(count is None for *_, count in rows))
    return Release(frame=frame, facts=facts)


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_every_row_of_the_form_is_there_with_subtotals_and_a_grand_total() -> None:
    table = form_table(rows_release(("MR-1", "all", 5), ("FLU-E-1", "065-", 7)), FORM, **WORDS)
    assert texts(table) == [
        ["MR", "1期", "5", "－", "－"],
        ["MR", "2期", "0", "－", "－"],
        ["MR", "計", "5", "－", "－"],
        ["インフルエンザ", "1回目", "7", "0", "7"],
        ["合計", "", "12", "0", "7"],
    ]
    assert table.emphasis_rows == (2, 4)


def test_a_withheld_figure_takes_its_subtotal_and_total_with_it_and_an_absent_one_is_no_zero() -> None:
    table = form_table(rows_release(("MR-1", "all", None), ("FLU-E-1", "065-", 7)), FORM, **WORDS)
    assert [row[2] for row in texts(table)] == ["＊", "－", "＊", "7", "＊"]


def test_rows_for_copying_hold_one_plain_number_a_line() -> None:
    table = row_table(rows_release(("MR-2", "all", 5), ("FLU-E-1", "065-", 7)), FORM, **WORDS)
    assert [(row[0].value, row[3].value, row[4].value) for row in table.rows] == [
        ("MR-1", "対象者", 0), ("MR-2", "対象者", 5), ("FLU-E-1", "60～64歳", 0), ("FLU-E-1", "65歳以上", 7),
    ]  # fmt: skip
    assert [column.key for column in table.columns] == ["row", "group", "stage", "column", "doses_count"]


@pytest.mark.parametrize(
    ("year", "code", "is_there"),
    [(2023, "DPT-IPV-HIB-11", False), (2024, "DPT-IPV-HIB-11", True), (2023, "COVID", False), (2024, "COVID", True),
     (2024, "ZOSTER-R-2", False), (2025, "ZOSTER-R-2", True), (2025, "RSV-M-1", False), (2026, "RSV-M-1", True), (2026, "RUBELLA-5", True),
     (2027, "RUBELLA-5", False)],
)  # fmt: skip
def test_the_form_of_a_year_has_the_rows_in_force_at_its_end(year: int, code: str, is_there: bool) -> None:
    assert (code in load_form(year, contracts_dir=CONTRACTS, language="ja").codes) == is_there


def test_the_shipped_form_prints_hpv_by_valency_and_divides_the_vaccinations_of_the_elderly() -> None:
    form = load_form(2025, contracts_dir=CONTRACTS, language="ja")
    assert [line.group for line in form.lines if line.code.startswith("HPV")] == ["HPV 2価・4価"] * 3 + ["HPV 9価"] * 3
    assert [line.code for line in form.lines if line.is_divided] == [
        "FLU-E-1", "PNEUMO-E-1", "COVID", "ZOSTER-L-1", "ZOSTER-R-1", "ZOSTER-R-2",
    ]  # fmt: skip
    assert [label for _, label in form.categories] == ["60～64歳", "65歳以上"]
    assert load_form(2025, contracts_dir=CONTRACTS, language="en").lines[0].stage == "Primary 1"


def test_doubtful_reference_rows_of_the_year_are_counted() -> None:
    found = unverified_rows(2025, contracts_dir=CONTRACTS)
    assert found["form_column"] == (load_reference(CONTRACTS, "form_column")["verified"] == "no").sum()
    assert found["form_row"] < (load_reference(CONTRACTS, "form_row")["verified"] == "no").sum()


def yearly(counts: dict[int, dict[str, int]]) -> dict[int, Release]:
    return {year: rows_release(*((row, "all", count) for row, count in found.items())) for year, found in counts.items()}


@pytest.mark.parametrize(
    ("before", "now", "change", "flag"),
    [(100, 120, "+20.0 %", ""), (100, 121, "+21.0 %", "▲"), (100, 79, "-21.0 %", "▼"), (0, 5, "－", "▲皆増"), (5, 0, "-100.0 %", "▼皆減"),
     (0, 0, "－", ""), (7, 7, "0.0 %", "")],
)  # fmt: skip
def test_a_change_beyond_the_share_is_flagged(before: int, now: int, change: str, flag: str) -> None:
    years = yearly({2024: {"MR-1": before}, 2025: {"MR-1": now}})
    table = year_table(years, {2024: FORM, 2025: FORM}, change=0.2, **WORDS)
    assert texts(table)[0] == ["MR", "1期", f"{before:,}", f"{now:,}", change, flag]


def test_a_row_that_the_form_of_an_earlier_year_did_not_have_is_no_zero() -> None:
    years = yearly({2024: {"MR-2": 3}, 2025: {"MR-1": 4, "MR-2": 3}})
    table = year_table(years, {2024: replace(FORM, lines=FORM.lines[1:]), 2025: FORM}, change=0.2, **WORDS)
    assert texts(table)[0] == ["MR", "1期", "－", "4", "－", "新規"]


def test_years_are_stacked_oldest_first() -> None:
    stacked = stack_years(yearly({2025: {"MR-1": 4}, 2024: {"MR-1": 3}}), language="ja")
    assert stacked.frame.select("fiscal_year", "fiscal_year_label", "doses_count").rows() == [
        (2024, "令和6年度", 3),
        (2025, "令和7年度", 4),
    ]
    assert stacked.facts.by == ("fiscal_year", "row", "column")


def number(value: int | None) -> object:
    return count_cell(value, "suppressed" if value is None else "value" if value else "zero")


@pytest.mark.parametrize(
    ("one", "other", "result"), [(3, 3, "適"), (3, 4, "否"), (None, 4, "判定できない"), (3, None, "判定できない"), (0, 0, "適")]
)
def test_two_figures_must_be_equal(one: int | None, other: int | None, result: str) -> None:
    table = check_table([Check("照合", number(one), number(other))], **WORDS)  # type: ignore[arg-type]
    assert texts(table)[0][-1] == result
    assert table.emphasis_rows == ((0,) if result == "否" else ())


@pytest.mark.parametrize(("one", "result"), [(0, "適"), (2, "否"), (None, "判定できない")])
def test_a_figure_without_another_must_be_none(one: int | None, result: str) -> None:
    assert texts(check_table([Check("なし", number(one))], **WORDS))[0][-1] == result  # type: ignore[arg-type]


def test_the_summary_names_the_checks_that_fail() -> None:
    checks = [Check("一", is_kept=True), Check("二", is_kept=False), Check("三", count_cell(None, "suppressed"), count_cell(1, "value"))]
    assert summarise(checks, language="ja") == "検査3項目のうち1項目が否である：2。1項目は、値が秘匿されているため判定できない。"
    assert summarise(checks[:1], language="ja") == "検査1項目は、すべて適である。"
    assert summarise(checks[:2], language="en") == "1 of 2 checks fail: no. 2."


def test_sums_keep_the_four_states_apart() -> None:
    assert total([]).status == "zero"
    assert total([ABSENT, ABSENT]) == ABSENT
    assert total([ABSENT, count_cell(2, "value")]).value == 2
    assert total([count_cell(2, "value"), count_cell(None, "suppressed")]).value is None


def test_reasons_stand_in_the_order_in_which_they_are_judged() -> None:
    assert REASONS == FORM_REASONS
    release = make_reasons("outside_eligibility", "screened_only", "not_resident")
    table = reason_table(release, REASONS, **WORDS)
    assert [row[0].value for row in table.rows] == ["screened_only", "not_resident", "outside_eligibility", "合計"]
    assert [cell.text for cell in table.rows[-1]] == ["合計", "6", "9"]


def make_reasons(*codes: str) -> Release:
    frame = pl.DataFrame({
        "reason": codes, "reason_label": codes, "doses_count": [2] * len(codes), "doses_count_status": ["value"] * len(codes),
        "records_count": [3] * len(codes), "records_count_status": ["value"] * len(codes),
    })  # fmt: skip
    return Release(frame=frame, facts=make_facts("form_exceptions", by=("reason",)))


def test_what_nobody_has_verified_says_so_on_the_cover() -> None:
    statute = load_statute("form_rows", 2025, contracts_dir=CONTRACTS)
    where = Municipality("131032", "港区", "東京都", "保健予防課")
    more = {
        "fiscal_year": 2025,
        "municipality": where,
        "recipient": "東京都知事",
        "legal_basis": "令第7条",
        "snapshot": 3,
        "language": "ja",
    }
    cover = write_cover(statute, **more).source  # type: ignore[arg-type]
    assert "東京都知事　あて" in cover and "東京都港区（自治体コード 131032）" in cover
    assert "令第7条（未確認）" in cover and "| 提出期限 | 未登録" in cover and "令和7年度（令和7年4月1日～令和8年3月31日）" in cover
    settled = Statute("東京都知事", "令第7条", "様式", date(2026, 6, 30), True)
    cover = write_cover(settled, **more).source  # type: ignore[arg-type]
    assert "未確認" not in cover and "| 提出期限 | 令和8年6月30日 |" in cover
    assert write_signature(municipality=where, language="ja").role == "signature"


@pytest.mark.parametrize(("text", "day"), [("06-30", date(2026, 6, 30)), ("03-31", date(2027, 3, 31))])
def test_a_deadline_lies_in_the_fiscal_year_after(tmp_path: Path, text: str, day: date) -> None:
    (tmp_path / "reference").mkdir()
    head = "report,recipient,legal_basis,form_name,deadline,breakdown,valid_from,valid_to,source,mark,verified,note"
    (tmp_path / "reference" / "statutory.csv").write_text(f"{head}\nform_rows,知事,法,様式,{text},,,,,S,yes,\n", encoding="utf-8")
    statute = load_statute("form_rows", 2025, contracts_dir=tmp_path)
    assert (statute.deadline, statute.is_verified) == (day, True)


def test_the_report_passes_a_snapshot_on_and_holds_it_against_the_newest() -> None:
    client = FakeClient(state=shown)
    run("annual_counts", client, snapshot=3)
    assert [request["snapshot"] for request in client.asked].count(None) == 1
    assert {request["snapshot"] for request in client.asked} == {3, None}


def test_the_report_asks_for_no_more_years_than_wanted() -> None:
    client = FakeClient(state=shown)
    run("annual_counts", client, earlier_years=2)
    assert {request["fiscal_year"] for request in client.asked} == {2023, 2024, 2025}
    with pytest.raises(UsageError, match="earlier_years"):
        run("annual_counts", FakeClient(state=shown), earlier_years=6)


def test_a_masked_return_cannot_be_judged() -> None:
    bundles = run("annual_counts", FakeClient(state=masked))
    checks = next(bundle[TABLE_MIME] for bundle in bundles if bundle.get(TABLE_MIME, {}).get("name") == "checks")
    assert [row[-1]["text"] for row in checks["rows"]][:4] == ["判定できない"] * 4


def test_the_tables_of_the_return_keep_their_names() -> None:
    names = [bundle[TABLE_MIME]["name"] for bundle in run("annual_counts", FakeClient(state=shown)) if TABLE_MIME in bundle]
    assert names == ["checks", "form_rows", "form_exceptions", "by_disease", "form_by_year", "by_month", "by_district", "form_rows_to_copy"]
