"""Rows of extracts by what became of them."""

from __future__ import annotations

from tests.measures.mart_factory import Ledger, ask, build_mart

OUTCOMES = (
    (1, "resident", "accepted", "accepted", 3000),
    (2, "vaccination", "accepted", "accepted", 900),
    (2, "vaccination", "bad_date", "quarantined", 7),
    (3, "vaccination", "accepted", "accepted", 50),
    (3, "vaccination", "bad_date", "quarantined", 2),
    (3, "vaccination", "unknown_code", "warning", 4),
)


def test_rows_add_up_by_kind_batch_rule_and_outcome() -> None:
    with build_mart(Ledger(outcomes=OUTCOMES)) as connection:
        by_kind = ask(connection, "intake_quality", by=("kind", "outcome"))
        by_batch = ask(connection, "intake_quality", by=("batch",), where={"kind": ["vaccination"], "outcome": ["quarantined"]})
        by_rule = ask(connection, "intake_quality", by=("rule",), where={"batch": ["3"]})
    assert by_kind.rows() == [
        ("resident", "accepted", 3000), ("vaccination", "accepted", 950), ("vaccination", "quarantined", 9), ("vaccination", "warning", 4)
    ]  # fmt: skip
    assert by_batch.rows() == [(2, 7), (3, 2)]
    assert by_rule.rows() == [("accepted", 50), ("bad_date", 2), ("unknown_code", 4)]


def test_every_cut_has_the_same_total() -> None:
    with build_mart(Ledger(outcomes=OUTCOMES)) as connection:
        totals = {by: ask(connection, "intake_quality", by=(by,))["rows_count"].sum() for by in ("kind", "batch", "rule", "outcome")}
    assert set(totals.values()) == {3963}


def test_nothing_taken_in_is_zero_rows() -> None:
    with build_mart(Ledger()) as connection:
        assert ask(connection, "intake_quality").rows() == [(0,)]
