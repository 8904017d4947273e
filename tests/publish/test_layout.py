"""A table always fits its page: smaller type, then landscape, then parts that repeat the leading text columns."""

from __future__ import annotations

import pytest
from tests.publish import builders as build

from daicho.runs.publish.layout import LANDSCAPE_PT, PORTRAIT_PT, layout_table, width_cells, width_em
from daicho.runs.publish.tables import read_table


def test_full_width_characters_count_two_cells_and_one_em() -> None:
    assert width_cells("接種率 %") == 8
    assert width_em("接種率") == 3.0
    assert width_em("一行\n二行目") == 3.0


def test_small_table_is_portrait_in_normal_type() -> None:
    layout = layout_table(read_table(build.coverage_table(), number=1))
    assert (layout.size_pt, layout.is_landscape, layout.is_breakable, len(layout.parts)) == (9.0, False, False, 1)


def test_long_table_may_break_over_pages() -> None:
    assert layout_table(read_table(build.long_table(120), number=1)).is_breakable


def test_table_of_fourteen_columns_turns_to_landscape_in_one_part() -> None:
    layout = layout_table(read_table(build.wide_table(12), number=1))
    assert (layout.is_landscape, len(layout.parts)) == (True, 1)


def test_headings_in_words_take_three_lines_before_a_table_turns() -> None:
    years = [(f"y{year}", f"born in FY{year}", "rate") for year in range(2017, 2025)]
    columns = [("vaccine", "Vaccine", "text"), ("dose", "Dose", "text"), *years]
    row = [build.cell("Measles-rubella"), build.cell("1st period"), *(build.rate(0.95) for _ in years)]
    layout = layout_table(read_table(build.table(columns, [row]), number=1))
    assert (layout.is_landscape, len(layout.parts)) == (False, 1)


@pytest.mark.parametrize("months", range(1, 40, 3))
def test_no_part_is_wider_than_its_page_and_every_column_appears(months: int) -> None:
    table = read_table(build.wide_table(months), number=1)
    layout = layout_table(table)
    for part in layout.parts:
        assert sum(part.widths_pt) <= (LANDSCAPE_PT if layout.is_landscape else PORTRAIT_PT) + 0.1
        assert part.columns[:2] == (0, 1)
    shown = [column for part in layout.parts for column in part.columns[2:]]
    assert shown == list(range(2, len(table.columns)))
