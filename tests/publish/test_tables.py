"""A table spec is read strictly; a masked cell never carries its value."""

from __future__ import annotations

from typing import Any

import pytest
from tests.publish import builders as build

from daicho.core.errors import DataError, DisclosureError
from daicho.runs.publish.tables import read_table
from daicho.runs.publish.texts import Texts

COLUMNS = (("district", "地区", "text"), ("doses_count", "接種回数", "count"))


def one_cell(cell: dict[str, Any]) -> dict[str, Any]:
    return build.table(COLUMNS, [[build.cell("芝"), cell]])


@pytest.mark.parametrize("status", ["suppressed", "not_applicable"])
def test_masked_cell_that_carries_a_value_is_refused_without_naming_it(status: str) -> None:
    with pytest.raises(DisclosureError) as refused:
        read_table(one_cell(build.cell(7319, status, "＊")), number=1)
    assert "7319" not in str(refused.value)


def test_masked_cell_shows_the_mark_whatever_its_text_says() -> None:
    table = read_table(one_cell(build.cell(None, "suppressed", "7319")), number=1)
    assert table.rows[0][1].text == "＊"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"columns": [{"key": "a", "label": "a", "kind": "percent"}]},
        {"rows": [[]]},
        {"rows": [[{"status": "value"}, {"value": 1, "status": "hidden", "text": "1"}]]},
        {"columns": "x"},
    ],
)
def test_broken_spec_is_a_data_error(change: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        read_table({**one_cell(build.count(1)), **change}, number=1)


def test_spec_without_a_part_is_a_data_error() -> None:
    for part in ("name", "title", "columns", "rows"):
        spec = one_cell(build.count(1))
        del spec[part]
        with pytest.raises(DataError):
            read_table(spec, number=1)


def test_legend_explains_the_states_that_occur_and_zero_only_beside_a_mark() -> None:
    texts = Texts("ja")
    assert read_table(one_cell(build.count(0)), number=1).legend(texts) == ()
    marks = [mark for mark, _ in read_table(build.coverage_table(), number=1).legend(texts)]
    assert marks == ["＊", "0", "－"]
