"""CSV: UTF-8 with BOM, CRLF, values beside their status, no formulas, the same bytes for the same frame."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from tests.publish import builders as build

from daicho.core.errors import DataError, DisclosureError
from daicho.runs.publish import publish_csv, publish_tables_csv


def released_frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "district": ["A", "B", "C", "D"],
            "doses_count": [12, 0, None, None],
            "doses_count_status": ["value", "zero", "suppressed", "not_applicable"],
            "as_of": [date(2026, 3, 31)] * 4,
        }
    )


def read_rows(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_bytes_begin_with_a_bom_and_lines_end_in_crlf(tmp_path: Path) -> None:
    data = publish_csv(released_frame(), out=tmp_path / "a.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfdistrict,")
    assert data.count(b"\r\n") == data.count(b"\n") == 5


def test_four_states_stay_distinct(tmp_path: Path) -> None:
    rows = read_rows(publish_csv(released_frame(), out=tmp_path / "a.csv"))
    assert [row[1:3] for row in rows[1:]] == [["12", "value"], ["0", "zero"], ["", "suppressed"], ["", "not_applicable"]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠x", "\t=1", "\r=1", "\n=1"])
def test_text_that_a_spreadsheet_would_run_is_quoted_with_an_apostrophe(tmp_path: Path, text: str) -> None:
    rows = read_rows(publish_csv(pl.DataFrame({"label": [text]}), out=tmp_path / "a.csv"))
    assert rows[1] == ["'" + text]


@pytest.mark.parametrize("text", ["－", "-", "MR-1", "芝,港", 'a"b', "1-2", "二行\r\n目", "10"])
def test_ordinary_text_is_kept_as_it_is(tmp_path: Path, text: str) -> None:
    assert read_rows(publish_csv(pl.DataFrame({"label": [text]}), out=tmp_path / "a.csv"))[1] == [text]


def test_negative_numbers_stay_numbers(tmp_path: Path) -> None:
    assert read_rows(publish_csv(pl.DataFrame({"payable_yen": [-5]}), out=tmp_path / "a.csv"))[1] == ["-5"]


def test_masked_value_that_is_not_empty_is_refused_and_no_file_appears(tmp_path: Path) -> None:
    frame = pl.DataFrame({"doses_count": [7319], "doses_count_status": ["suppressed"]})
    with pytest.raises(DisclosureError) as refused:
        publish_csv(frame, out=tmp_path / "a.csv")
    assert "7319" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_nested_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="parts"):
        publish_csv(pl.DataFrame({"parts": [[1, 2]]}), out=tmp_path / "a.csv")


def test_same_frame_gives_the_same_bytes(tmp_path: Path) -> None:
    first = publish_csv(released_frame(), out=tmp_path / "a.csv").read_bytes()
    assert publish_csv(released_frame(), out=tmp_path / "b.csv").read_bytes() == first


def test_tables_of_a_notebook_become_one_tidy_file_each(tmp_path: Path) -> None:
    paths = publish_tables_csv(build.full_notebook(), out=tmp_path)
    assert [path.name for path in paths] == ["coverage_by_district.csv", "payments_by_ward.csv", "payments_by_month.csv"]
    rows = read_rows(paths[0])
    assert rows[0] == [
        "district",
        "eligible_count",
        "eligible_count_status",
        "vaccinated_count",
        "vaccinated_count_status",
        "coverage_rate",
        "coverage_rate_status",
    ]
    assert rows[3] == ["赤坂", "12", "value", "", "suppressed", "", "suppressed"]
    assert rows[4][3:5] == ["0", "zero"]
    assert rows[5][5:7] == ["", "not_applicable"]
    assert len(read_rows(paths[1])) == 121


def test_two_tables_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = build.notebook(build.table_cell(build.coverage_table()), build.table_cell(build.coverage_table()))
    with pytest.raises(DataError, match="twice"):
        publish_tables_csv(twice, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../escape", "a/b", "", "表"])
def test_table_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="file name"):
        publish_tables_csv(build.notebook(build.table_cell(build.coverage_table(name=name))), out=tmp_path)


@pytest.mark.parametrize("value", [1.5, "12"])
def test_whole_number_column_with_anything_else_is_refused_not_rounded(tmp_path: Path, value: float | str) -> None:
    spec = build.table((("doses_count", "接種回数", "count"),), [[build.cell(value)]])
    with pytest.raises(DataError, match="doses_count"):
        publish_tables_csv(build.notebook(build.table_cell(spec)), out=tmp_path)


def test_two_columns_of_one_key_are_refused(tmp_path: Path) -> None:
    spec = build.table((("a", "甲", "text"), ("a", "乙", "text")), [[build.cell("x"), build.cell("y")]])
    with pytest.raises(DataError, match="same key"):
        publish_tables_csv(build.notebook(build.table_cell(spec)), out=tmp_path)
