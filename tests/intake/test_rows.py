from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daicho.core.errors import DataError
from daicho.intake.decode import Piece
from daicho.intake.rows import read_header, read_rows


def split(text: str) -> tuple[list[tuple[object, ...]], list[int]]:
    rows = read_rows(Piece(text.encode(), 2), ["a", "b"])
    return rows.frame.rows(), rows.broken_lines


def test_rows_carry_their_physical_line() -> None:
    assert split("1,2\n3,4\n") == ([("1", "2", 2), ("3", "4", 3)], [])


def test_a_row_with_too_few_or_too_many_fields_is_set_aside_alone() -> None:
    assert split("1\n3,4\n5,6,7\n8,9\n") == ([("3", "4", 3), ("8", "9", 5)], [2, 4])


def test_a_row_with_too_few_fields_is_set_aside_where_no_other_row_is_broken() -> None:
    assert split("1,2\n3\n5,6\n") == ([("1", "2", 2), ("5", "6", 4)], [3])


def test_one_field_too_few_and_one_too_many_do_not_cancel() -> None:
    assert split("1\n3,4,5\n8,9\n") == ([("8", "9", 4)], [2, 3])


def test_a_quoted_comma_does_not_make_up_for_a_missing_field() -> None:
    assert split('"1,2"\n3,4\n') == ([("3", "4", 3)], [2])


def test_line_ends_inside_quotes_and_blank_lines_keep_the_count_right() -> None:
    assert split('1,"x\ny"\n\n3,4\n') == ([("1", "x\ny", 2), ("3", "4", 5)], [])


def test_an_empty_last_field_is_no_missing_field() -> None:
    assert split('1,\n"3",""\n') == ([("1", "", 2), ("3", "", 3)], [])


cell = st.text(alphabet='ab髙,"\n 1', max_size=4).filter(lambda text: "\r" not in text)


@given(st.lists(st.lists(cell, min_size=1, max_size=3), min_size=1, max_size=8))
def test_rows_are_split_as_the_csv_module_splits_them(table: list[list[str]]) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    rows, broken = split(written.getvalue())
    assert [row[:2] for row in rows] == [tuple(row) for row in table if len(row) == 2]
    assert len(broken) == sum(len(row) != 2 for row in table)


def test_a_column_named_twice_is_refused() -> None:
    with pytest.raises(DataError, match="appears twice"):
        read_header(Piece(b"a,b,a\n", 1), file_name="x.csv")
