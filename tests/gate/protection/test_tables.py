"""From files to systems and back: margins, hierarchies, persons in several cells, finished tables, linked tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.gate.toy import REPOSITORY

from daicho.core.errors import DisclosureError, UsageError
from daicho.gate.profiles import Profile, load_disclosure
from daicho.gate.protection.count_table import protect_counts, rates
from daicho.gate.protection.finished import (
    Published,
    add_denominators,
    add_rates,
    add_table,
    attack,
    dimensions_of,
    join_tables,
    read_value,
)
from daicho.gate.protection.primary import amount_needs
from daicho.gate.protection.source import payments_of, table_of_counts, table_of_persons
from daicho.gate.protection.tables import TOTAL, is_total, nested_dimensions, with_margins


def public(**changes: object) -> Profile:
    return replace(load_disclosure(REPOSITORY / "data_contracts").profiles["public"], **changes)  # type: ignore[arg-type]


def intervals(
    *tables: dict[str, list[str]], by: tuple[str, ...], threshold: int = 10, width: int = 10
) -> dict[str, tuple[float, float, str]]:
    published = Published()
    for number, columns in enumerate(tables):
        frame = pl.DataFrame(columns)
        names = [name for name in by if name in frame.columns]
        add_table(published, frame, by=names, values=[name for name in frame.columns if name not in names], source=f"{number}")
    join_tables(published)
    return {item.where: (item.lower, item.upper, item.verdict) for item in attack(published, threshold=threshold, width=width)}


@pytest.mark.parametrize(
    ("text", "value"), [("x", None), ("－", None), ("＊", None), ("…", None), ("", None), ("1,234", 1234), ("１２", 12), ("0.5", 0.5)]
)
def test_marks_and_numbers_are_told_apart(text: str, value: float | None) -> None:
    assert read_value(text) == (value, True)


def test_text_is_neither_and_totals_have_many_names() -> None:
    assert read_value("芝") == (None, False)
    assert all(map(is_total, ("計", "合計", "合 計", "Total", "総数"))) and not is_total("芝")
    assert dimensions_of(pl.DataFrame({"area": ["A"], "year": ["2024"], "sex": ["f"], "n": ["x"]})) == ("area", "year", "sex")


def test_a_figure_beside_its_total_is_exact() -> None:
    found = intervals({"area": ["A", "B", "計"], "n": ["x", "30", "35"]}, by=("area",))
    assert found == {"A": (5, 5, "exact")}


def test_a_table_with_its_codes_in_the_columns_is_read_as_a_cross_table() -> None:
    found = intervals({"area": ["A", "B", "計"], "男": ["x", "x", "40"], "女": ["x", "x", "60"], "計": ["50", "50", "100"]}, by=("area",))
    assert found["A 男"] == (0, 40, "kept") and len(found) == 4


def test_three_harmless_tables_that_subtract_to_a_person_are_found() -> None:
    """Each alone tells nothing; the total, one part and the rest together do."""
    cross = {"area": ["A", "A", "B", "B"], "sex": ["1", "2", "1", "2"], "n": ["x", "40", "x", "30"]}
    margin = {"area": ["A", "B"], "n": ["45", "60"]}
    assert intervals(cross, by=("area", "sex"))["A 1"][2] == "kept"
    assert intervals(cross, margin, by=("area", "sex"))["A 1"] == (5, 5, "exact")


def test_tables_that_cross_three_ways_are_joined_by_the_cells_none_shows() -> None:
    """A × B, B × C and A × C of eight cells: their margins alone leave more room than the cells they share."""
    codes = [("a1", "b1"), ("a1", "b2"), ("a2", "b1"), ("a2", "b2")]
    ab = {"A": [a for a, _ in codes], "B": [b for _, b in codes], "n": ["1", "0", "0", "1"]}
    bc = {"B": ["b1", "b1", "b2", "b2"], "C": ["c1", "c2", "c1", "c2"], "n": ["1", "0", "0", "1"]}
    ac = {"A": ["a1", "a1", "a2", "a2"], "C": ["c1", "c2", "c1", "c2"], "n": ["x", "x", "x", "x"]}
    assert intervals(ab, bc, ac, by=("A", "B", "C"))["a1 c1"][:2] == (1, 1)


def test_numbers_that_do_not_add_up_are_no_tables() -> None:
    with pytest.raises(UsageError, match="add up"):
        intervals({"area": ["A", "B", "計"], "n": ["10", "30", "45"]}, by=("area",))
    with pytest.raises(UsageError, match="contradict"):
        intervals({"area": ["A", "B", "計"], "n": ["x", "30", "20"]}, by=("area",))


def test_a_withheld_part_is_told_by_its_denominator_and_the_rest() -> None:
    published = Published()
    frame = pl.DataFrame({"area": ["A", "B", "計"], "v": ["x", "50", "147"], "e": ["100", "60", "160"]})
    add_table(published, frame, by=["area"], values=["v", "e"], source="t")
    add_denominators(published, count="v", of="e")
    assert [(item.lower, item.verdict) for item in attack(published, threshold=10, width=10)] == [(97, "exact")]


def test_a_printed_rate_tells_its_count() -> None:
    frame = pl.DataFrame({"area": ["A", "B"], "v": ["x", "50"], "e": ["340", "60"], "rate": ["0.953", "0.833"]})
    published = Published()
    add_table(published, frame, by=["area"], values=["v", "e"], source="t")
    assert [(item.lower, item.verdict) for item in attack(published, threshold=10, width=10)] == [(0, "kept")]
    add_rates(published, frame, by=["area"], rate="rate", count="v", of="e")
    assert [(item.lower, item.upper, item.verdict) for item in attack(published, threshold=10, width=10)] == [(324, 324, "exact")]


def test_a_rate_of_few_digits_leaves_an_interval_and_per_cent_are_read() -> None:
    frame = pl.DataFrame({"area": ["A", "B"], "v": ["x", "50"], "e": ["340", "60"], "rate": ["95", "83"]})
    published = Published()
    add_table(published, frame, by=["area"], values=["v", "e"], source="t")
    add_rates(published, frame, by=["area"], rate="rate", count="v", of="e")
    (item,) = attack(published, threshold=10, width=10)
    assert (item.lower, item.upper) == (322, 324)  # 94.5 % to 95.5 % of 340


def test_a_missing_row_is_nobody_or_unknown() -> None:
    frame = pl.DataFrame({"area": ["A", "A", "B", "計"], "sex": ["1", "2", "1", "計"], "n": ["x", "20", "30", "55"]})
    found = []
    for is_unknown in (False, True):
        published = Published(absent_is_unknown=is_unknown)
        add_table(published, frame, by=["area", "sex"], values=["n"], source="t")
        (item,) = attack(published, threshold=10, width=5)
        found.append((item.lower, item.upper, item.verdict))
    assert found == [(5, 5, "exact"), (0, 5, "small")]


def test_partners_of_sensitive_cells_may_be_told_closely() -> None:
    frame = pl.DataFrame({"area": ["A", "B", "C", "計"], "n": ["s", "x", "40", "52"]})
    verdicts = []
    for mark in ("", "s"):
        published = Published(sensitive_mark=mark)
        add_table(published, frame, by=["area"], values=["n"], source="t")
        verdicts.append([item.verdict for item in attack(published, threshold=10, width=20)])
    assert verdicts == [["narrow", "narrow"], ["narrow", "partner"]]


def test_a_town_lies_in_its_district_and_is_no_row_twice() -> None:
    rows = [("D1", "t1"), ("D1", "t2"), ("D2", "t3")]
    nested = nested_dimensions(rows, 2)
    assert nested == {1: 0}
    assert set(with_margins(rows, 2, nested)) == {*rows, ("D1", TOTAL), ("D2", TOTAL), (TOTAL, TOTAL)}


def test_a_part_is_withheld_where_its_rest_is_few_and_rates_go_with_it() -> None:
    frame = pl.DataFrame({"area": ["A", "B", "C"], "v": ["95", "50", "60"], "e": ["100", "90", "130"]})
    table = table_of_counts(frame, by=["area"], count="v", of="e")
    done = protect_counts(table, profile=public())
    hidden = {key[0]: (part, whole) for key, part, whole in zip(table.keys, done.counts_hidden, done.denominators_hidden, strict=True)}
    assert any(hidden["A"]) and not done.pattern.audit.failures
    assert table.denominators is not None
    shown = rates(table.counts, table.denominators, done, decimals=3)
    for row, key in enumerate(table.keys):
        assert (shown["rate"][row] is None) == any(hidden[key[0]])


def test_groups_of_which_all_or_none_are_counted_are_withheld() -> None:
    frame = pl.DataFrame({"area": ["A", "B", "C"], "v": ["0", "50", "60"], "e": ["40", "90", "130"]})
    table = table_of_counts(frame, by=["area"], count="v", of="e")
    row = table.keys.index(("A",))
    assert protect_counts(table, profile=public()).counts_hidden[row]
    assert not protect_counts(table, profile=public(protect_uniform_groups=False)).counts_hidden[row]


def test_a_person_in_two_cells_counts_once_in_their_margin() -> None:
    frame = pl.DataFrame({"vaccine": ["MR"] * 30 + ["BCG"] * 25, "person": [*range(30), *range(5, 30)]})
    table = table_of_persons(frame, by=["vaccine"], person="person")
    counts = {key[0]: count for key, count in zip(table.keys, table.counts, strict=True)}
    assert counts == {"MR": 30, "BCG": 25, TOTAL: 30}
    assert table.atoms is not None and sorted(table.atoms) == [5, 25]


def test_a_total_that_is_not_the_sum_of_its_parts_is_no_table() -> None:
    with pytest.raises(UsageError, match="not the sum"):
        table_of_counts(pl.DataFrame({"area": ["A", "B", "計"], "n": ["1", "2", "4"]}), by=["area"], count="n")


def test_where_known_margins_tell_a_figure_the_dimension_to_coarsen_is_named() -> None:
    frame = pl.DataFrame({"area": ["A", "B", "C"], "n": ["3", "40", "50"]})
    table = table_of_counts(frame, by=["area"], count="n")
    with pytest.raises(DisclosureError, match="coarsen the dimension area"):
        protect_counts(table, profile=public(), known=np.array([True] * len(table.keys)))


def test_payments_of_few_payees_or_of_one_that_dominates_are_sensitive() -> None:
    frame = pl.DataFrame(
        {
            "ward": ["1", "1", "1", "2", "2", "3", "3", "3"],
            "clinic": list("abcabghi"),
            "yen": ["100", "90", "80", "50", "60", "1000", "10", "5"],
        }
    )
    keys, payments, lone = payments_of(frame, by=["ward"], amount="yen", payee="clinic")
    needs = amount_needs(payments, lone_payee=lone, profile=public())
    assert {key[0] for key, is_primary in zip(keys, needs.is_primary, strict=True) if is_primary} == {"2", "3"}
