"""Four coverage measures through the gate, side by side with the polars and the pandas script; the figures must agree.

`python -m benchmarks.peers WORKSPACE FOLDER`, over a workspace that `benchmarks.intake` has filled with an invented ledger. Rows leave the
vault for FOLDER, in the clear: never run this over a real ledger. Without pandas its column stays empty.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import polars as pl

from benchmarks.gate import timed
from benchmarks.peers import in_polars
from daicho.core.config import Config, load_config
from daicho.gate.client import GateClient
from daicho.gate.ledger_engine import LedgerEngine
from daicho.gate.process import running_gate
from daicho.gate.request import parse_request

try:
    from benchmarks.peers import in_pandas as pandas_script
except ImportError:
    pandas_script = None  # type: ignore[assignment]

AS_OF = date(2026, 3, 31)
COHORTS = ("birth_fy", "district")
MR = {"vaccine": ["MR"], "dose": ["MR-1"]}
REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "coverage_cohort": {"by": COHORTS, "where": MR},
    "timeliness": {"by": COHORTS, "where": MR},
    "dropout": {"by": COHORTS, "where": {"vaccine": ["DPT-IPV-HIB"]}},
    "coverage_cumulative": {"by": ("birth_fy",), "where": MR},
}
DOSES = "('MR-1', 'DPT-IPV-HIB-11', 'DPT-IPV-HIB-1A')"
TABLES = {
    "person": "SELECT person, birth_date, CAST(birth_fy AS INTEGER) AS birth_fy FROM person",
    "residence": "SELECT person, resident_from, resident_until, coalesce(district, 'unknown') AS district FROM residence",
    "appraisal": "SELECT person, dose, given_on, outcome FROM appraisal WHERE is_home ORDER BY dose, person",
}


def export(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """The tables that the measures read, with the columns a peer needs; doses sorted, so that a reader may skip the others."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, sql in TABLES.items():
        connection.execute(sql).pl().write_parquet(folder / f"{name}.parquet", row_group_size=250_000)


def exact(engine: LedgerEngine, connection: duckdb.DuckDBPyConnection, snapshot: int) -> dict[str, pl.DataFrame]:
    """The measures' own figures before disclosure control."""
    found = {}
    for name, request in REQUESTS.items():
        raw = {"measure": name, "by": list(request["by"]), "where": request["where"], "parameters": {"as_of": AS_OF.isoformat()}}
        parsed = parse_request(raw, measures=engine.measures(), profiles=())
        query = engine.compile(name, by=parsed.by, where=parsed.where, parameters=parsed.parameters, snapshot=snapshot)
        found[name] = connection.execute(query.sql, dict(query.bound)).pl()
    return found


def same(ours: pl.DataFrame, theirs: pl.DataFrame) -> bool:
    """Whether every row and shared figure agrees."""
    keys = [name for name in (*COHORTS, "age_months") if name in theirs.columns]
    names = [*keys, *(name for name in theirs.columns if name not in keys)]
    left, right = (
        frame.select(pl.col(name).cast(pl.String if name == "district" else pl.Float64) for name in names).sort(keys)
        for frame in (ours, theirs)
    )
    return left.shape == right.shape and all(
        bool((a == b).all()) if a.dtype == pl.String else bool(((a - b).abs() < 1e-9).all())
        for a, b in zip(left.get_columns(), right.get_columns(), strict=True)
    )


def run_peer(script: ModuleType | None, folder: Path, figures: Mapping[str, pl.DataFrame]) -> dict[str, float | None]:
    """Median seconds of each measure. Raises SystemExit where a figure differs."""
    taken: dict[str, float | None] = dict.fromkeys(REQUESTS)
    for name in REQUESTS if script else ():
        act: Callable[..., Any] = script.MEASURES[name]  # type: ignore[union-attr]
        found = act(folder, AS_OF)
        if not same(figures[name], found if isinstance(found, pl.DataFrame) else pl.DataFrame(found.to_dict(orient="list"))):
            raise SystemExit(f"{name}: the figures of {script.__name__} differ.")  # type: ignore[union-attr]
        taken[name] = timed(lambda _number, act=act: act(folder, AS_OF))
    return taken


def through_the_gate(config: Config) -> dict[str, float]:
    with running_gate(config), GateClient.connect(config) as gate:
        return {
            name: timed(
                lambda number, name=name, request=request: gate.measure(
                    name, by=request["by"], where=request["where"], as_of=AS_OF, purpose=f"peers {number} {time.time_ns()}"
                )
            )
            for name, request in REQUESTS.items()
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    config = load_config(given.workspace)
    engine = LedgerEngine(config)
    snapshot = engine.latest_snapshot()
    connection = engine.open(snapshot)
    export(connection, given.folder)
    figures = exact(engine, connection, snapshot)
    connection.close()
    ours = through_the_gate(config)
    polars_taken = run_peer(in_polars, given.folder, figures)
    pandas_taken = run_peer(pandas_script, given.folder, figures)
    print("| measure | through the gate s | polars s | pandas s |\n|---|---|---|---|")
    for name, seconds in ours.items():
        told = [f"{taken:.2f} ({taken / seconds:.1f}×)" if taken else "–" for taken in (polars_taken[name], pandas_taken[name])]
        print(f"| {name} | {seconds:.2f} | {told[0]} | {told[1]} |")


if __name__ == "__main__":
    main()
