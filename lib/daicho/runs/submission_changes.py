"""What changed since a return was submitted: row by row, with the batches of the ledger that changed it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from daicho.core.config import Config
from daicho.gate.client import GateClient
from daicho.gate.process import running_gate
from daicho.runs.submission_store import Figure, Submission, figures_of, frozen_figures
from daicho.runs.submissions import ask_figure
from daicho.vault import latest_snapshot, snapshot_info
from daicho.vault.catalog import Batch

RULES = "rules"
"""The cause of what changed without any batch: reference data, the method, or an erasure."""
_KEY, _LABEL = "key", "label"


@dataclass(frozen=True)
class Change:
    """One figure that is no longer as submitted. `causes`: (snapshot, its batches, by how much); snapshot 0 with `RULES` for what no batch did."""

    figure: str
    key: str
    label: str
    submitted: int
    now: int
    causes: tuple[tuple[int, str, int], ...]


def changes_since(config: Config, submission: Submission, *, purpose: str) -> list[Change]:
    """Every figure that differs between the submission and the newest snapshot, in the order of the form.

    Raises VaultError when the submission was changed, DisclosureError for who may not ask.
    """
    newest = latest_snapshot(config)
    steps = range(submission.snapshot, newest + 1)
    with running_gate(config), GateClient.connect(config) as client:
        return [
            change
            for figure in figures_of(submission.report)
            for change in _changes(
                figure,
                frozen=_numbers(pl.read_csv(io.BytesIO(frozen_figures(config, submission, figure)), infer_schema=False), figure),
                states=[
                    _numbers(ask_figure(client, figure, fiscal_year=submission.fiscal_year, snapshot=step, purpose=purpose).frame, figure)
                    for step in steps
                ],
                causes=[(0, RULES), *((step, _batches(config, step)) for step in steps[1:])],
            )
        ]


def _changes(
    figure: Figure, *, frozen: pl.DataFrame, states: Sequence[pl.DataFrame], causes: Sequence[tuple[int, str]]
) -> Iterator[Change]:
    """Compare the frozen figures with each state in turn: the first against the same snapshot, each other against the one before."""
    labels = pl.concat([frozen, *states]).unique(_KEY, keep="first", maintain_order=True).select(_KEY, _LABEL)
    table = labels
    for place, state in enumerate([frozen, *states]):
        table = table.join(state.select(_KEY, pl.col("value").alias(str(place))), on=_KEY, how="left", maintain_order="left")
    table = table.fill_null(0)
    last = str(len(states))
    for row in table.filter(pl.any_horizontal(pl.col(str(place)) != pl.col("0") for place in range(1, len(states) + 1))).iter_rows(
        named=True
    ):
        steps = ((snapshot, batches, row[str(place + 1)] - row[str(place)]) for place, (snapshot, batches) in enumerate(causes))
        yield Change(figure.measure, row[_KEY], row[_LABEL], row["0"], row[last], tuple(step for step in steps if step[2]))


def _numbers(frame: pl.DataFrame, figure: Figure) -> pl.DataFrame:
    """`key`, `label`, `value` of every row."""
    return frame.select(
        pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in figure.by], separator=" / ").alias(_KEY),
        pl.concat_str([pl.col(f"{name}_label").cast(pl.String).fill_null("") for name in figure.by], separator="　").alias(_LABEL),
        pl.col(figure.value).cast(pl.Int64).fill_null(0).alias("value"),
    )


def _batches(config: Config, snapshot: int) -> str:
    """The batches that a snapshot has and the one before has not; those it lost, with a minus sign."""
    after = {batch.batch: batch for batch in snapshot_info(config, snapshot).batches}
    before = {batch.batch: batch for batch in snapshot_info(config, snapshot - 1).batches}
    gained = [_named(after[number]) for number in sorted(after.keys() - before.keys())]
    lost = [f"−{_named(before[number])}" for number in sorted(before.keys() - after.keys())]
    return ", ".join([*gained, *lost])


def _named(batch: Batch) -> str:
    return f"batch {batch.batch} {batch.kind} ({batch.received_on})"
