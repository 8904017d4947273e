"""Plant faults of every kind the contracts and intake know, and keep a key of what was planted where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from daicho.synth.fault_kinds import DEDUPLICATED, FAULT_KINDS, FaultKind, FaultSetting
from daicho.synth.streams import Streams

KEY_FILE = "faults.csv"
KEY_SCHEMA = {"file": pl.String, "line": pl.Int64, "fault": pl.String, "expected": pl.String, "column": pl.String, "rule": pl.String}
_HEADER_LINES = 1


@dataclass(frozen=True)
class _Planted:
    frame: pl.DataFrame
    key: pl.DataFrame


def plant_faults(
    frames: Mapping[str, pl.DataFrame], *, rate: float, streams: Streams, setting: FaultSetting
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The frames with faults in `rate` of their rows, spread evenly over the kinds of each file, and the key.

    A row holds one fault at the most. A file too small for one of each kind holds some of them, another file the rest.
    """
    if rate <= 0:
        return dict(frames), pl.DataFrame(schema=KEY_SCHEMA)
    reserved = {name: np.zeros(frame.height, dtype=np.bool_) for name, frame in frames.items()}
    changed = dict(frames)
    keys = []
    for name in frames:
        planted = _plant_in(name, frames, changed[name], reserved, rate=rate, streams=streams, setting=setting)
        changed[name] = planted.frame
        keys.append(planted.key)
    return changed, pl.concat(keys).sort("file", "line")


def _plant_in(
    name: str,
    originals: Mapping[str, pl.DataFrame],
    frame: pl.DataFrame,
    reserved: Mapping[str, np.ndarray],
    *,
    rate: float,
    streams: Streams,
    setting: FaultSetting,
) -> _Planted:
    rng = streams.generator(f"faults in {name}")
    kinds = [kind for kind in FAULT_KINDS if name in kind.columns]
    shares = _shares(rng, int(rate * frame.height), len(kinds))
    copies: list[tuple[FaultKind, pl.DataFrame]] = []
    keys: list[pl.DataFrame] = []
    for kind, count in zip(kinds, shares, strict=True):
        if kind.expected == DEDUPLICATED:
            rows = _draw(rng, originals[kind.copied_from or name], reserved[kind.copied_from or name], kind, count)
            copies.append((kind, kind.copy(originals[kind.copied_from or name][rows], setting, rng)))
            continue
        rows = _draw(rng, frame, reserved[name], kind, count)
        values = kind.values(frame[rows], kind.columns[name], setting, rng)
        for column, texts in values.items():
            frame = frame.with_columns(frame[column].scatter(rows, texts))
        keys.append(_key(name, rows + 1 + _HEADER_LINES, kind, kind.columns[name]))
    return _with_copies(rng, name, frame, copies, keys)


def _with_copies(
    rng: np.random.Generator, name: str, frame: pl.DataFrame, copies: list[tuple[FaultKind, pl.DataFrame]], keys: list[pl.DataFrame]
) -> _Planted:
    """Put the copied rows among the others, and move the lines of the key along."""
    added = [copy for _, copy in copies if copy.height]
    if added:
        extra = pl.concat(added)
        after = np.sort(rng.integers(0, frame.height + 1, extra.height))
        origin = np.concatenate([np.arange(frame.height), np.full(extra.height, -1)])
        position = np.concatenate([np.arange(frame.height) + 1.0, after + 0.5])
        order = np.argsort(position, kind="stable")
        moved = np.empty(len(order), dtype=np.int64)
        moved[order] = np.arange(len(order))
        frame = pl.concat([frame, extra]).select(pl.all().gather(order.astype(np.uint32)))
        keys = [key.with_columns(line=pl.Series(moved[key["line"].to_numpy() - 1 - _HEADER_LINES] + 1 + _HEADER_LINES)) for key in keys]
        starts = np.cumsum([0, *(copy.height for copy in added)])
        kinds = [kind for kind, copy in copies if copy.height]
        new_lines = moved[origin == -1] + 1 + _HEADER_LINES
        keys += [_key(name, new_lines[starts[i] : starts[i + 1]], kind, "") for i, kind in enumerate(kinds)]
    return _Planted(frame, pl.concat(keys) if keys else pl.DataFrame(schema=KEY_SCHEMA))


def _shares(rng: np.random.Generator, budget: int, kinds: int) -> list[int]:
    """The budget in equal parts; what is left over goes to kinds drawn at random."""
    if not kinds:
        return []
    shares = np.full(kinds, budget // kinds)
    shares[rng.permutation(kinds)[: budget % kinds]] += 1
    return [int(share) for share in shares]


def _draw(rng: np.random.Generator, frame: pl.DataFrame, reserved: np.ndarray, kind: FaultKind, count: int) -> np.ndarray:
    """Rows for one kind that no other fault has, in order; fewer where too few rows will do."""
    free = ~reserved if kind.where is None else ~reserved & frame.select(kind.where.fill_null(False)).to_series().to_numpy()
    candidates = np.flatnonzero(free)
    rows = np.sort(rng.choice(candidates, size=min(count, len(candidates)), replace=False))
    reserved[rows] = True
    return rows


def _key(name: str, lines: np.ndarray, kind: FaultKind, column: str) -> pl.DataFrame:
    size = len(lines)
    return pl.DataFrame(
        {
            "file": [name] * size,
            "line": lines,
            "fault": [kind.name] * size,
            "expected": [kind.expected] * size,
            "column": [column] * size,
            "rule": [kind.rule] * size,
        },
        schema=KEY_SCHEMA,
    )
