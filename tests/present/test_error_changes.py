"""Errors first seen and resolved between two snapshots: what is shown, what is withheld, and when nothing can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.present.builders import empty_release, make_facts

from daicho.gate.release import Release
from daicho.present.error_changes import ErrorChanges
from daicho.present.ledger import Ledger

CONTRACTS = Path(__file__).parents[2] / "data_contracts"
BEFORE, NOW = 4, 6


@dataclass
class Snapshots:
    """A gate that knows the errors by rule at two snapshots, and of the records that arrived between; None is withheld."""

    before: int | None = 40
    arrived: int | None = 25
    now: int | None = 45
    replaced: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    default_profile: str = "internal"

    def measure(self, name: str, *, by: tuple[str, ...], snapshot: int | None = None, **rest: Any) -> Release:
        self.asked.append({"name": name, "snapshot": snapshot, **rest})
        number = snapshot or NOW
        if name == "intake_quality":
            rows = [(1, "accepted", 900), (3, "accepted", 100)] + ([(5, "accepted", 60)] if number == NOW else [])
            rows += [(5, "replaced", self.replaced)] if number == NOW and self.replaced else []
            return _release(name, by, [(str(batch), batch, outcome, outcome, count) for batch, outcome, count in rows], number)
        count = self.before if snapshot == BEFORE else self.arrived if rest.get("after_batch") else self.now
        return _release(name, by, [("too_late", count)], number)


def _release(name: str, by: tuple[str, ...], rows: list[tuple[Any, ...]], snapshot: int) -> Release:
    if name == "intake_quality":
        frame = pl.DataFrame(
            [(batch, label, outcome, outcome, count, "value") for label, batch, outcome, _, count in rows],
            schema=["batch", "batch_label", "outcome", "outcome_label", "rows_count", "rows_count_status"],
            orient="row",
        )
    else:
        [(rule, count)] = rows
        status = "suppressed" if count is None else "value" if count else "zero"
        empty = empty_release(name, by=by).frame
        row = {"rule": rule, "rule_label": rule, "errors_count": count, "errors_count_status": status}
        frame = pl.concat([empty, pl.DataFrame([row], schema_overrides={"errors_count": pl.Int64})], how="diagonal")
    return Release(
        frame=frame, facts=make_facts(name, by=by, snapshot=snapshot, suppressed_cells=int("suppressed" in str(rows) or rows[0][1] is None))
    )


def changes(gate: Snapshots, earlier: int = BEFORE) -> ErrorChanges:
    return Ledger(client=gate, purpose="試験", language="ja", contracts_dir=CONTRACTS).error_changes(earlier_snapshot=earlier)  # type: ignore[arg-type]


def row(gate: Snapshots) -> list[Any]:
    """Before, new, resolved, now of the one rule: figures, or the state of what is no figure."""
    (cells,) = changes(gate).table().rows  # type: ignore[union-attr]
    return [cell.value if isinstance(cell.value, int) else cell.status for cell in cells[1:]]


@pytest.mark.parametrize(
    ("before", "arrived", "now", "shown"),
    [
        (40, 25, 45, [40, 25, 20, 45]),
        (40, 0, 20, [40, 0, 20, 20]),
        (40, 10, 70, [40, 30, 0, 70]),  # twenty came to light in older records
        (40, 25, 60, [40, 25, "suppressed", 60]),  # five resolved
        (40, 3, 43, [40, "suppressed", 0, 43]),
        (None, 25, 45, ["suppressed", "suppressed", "suppressed", 45]),
        (40, None, 45, [40, "suppressed", "suppressed", 45]),
    ],
)
def test_before_less_resolved_plus_new_is_now_and_small_figures_are_withheld(
    before: int | None, arrived: int | None, now: int, shown: list[Any]
) -> None:
    assert row(Snapshots(before, arrived, now)) == shown


def test_new_are_the_records_of_batches_that_the_earlier_snapshot_did_not_hold() -> None:
    gate = Snapshots()
    changes(gate)
    assert [request["after_batch"] for request in gate.asked if "after_batch" in request] == [3]
    assert [request["snapshot"] for request in gate.asked if request["name"] == "error_checks"] == [None, BEFORE, None]


def test_after_a_full_dump_new_and_resolved_cannot_be_told_apart() -> None:
    gate = Snapshots(replaced=1000)
    assert row(gate) == [40, "not_applicable", "not_applicable", 45]
    assert "新規と解消を分けられない" in changes(gate).summary().source


def test_without_an_earlier_snapshot_nothing_is_compared() -> None:
    found = changes(Snapshots(), earlier=0)
    assert "指定がない" in found.summary().source and not str(found.table())
