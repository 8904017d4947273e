"""How long it takes to price and decide every claim of a large ledger, against a bare scan and sum of the same events.

What is found once for each snapshot (windows, intervals, doses had twice) is timed apart: events to decisions is that and "every month" together.

`python -m benchmarks.payments FOLDER [--events 10000000]` draws a ledger of its own in FOLDER (kept for the next time), then asks for all months, for
a fiscal year and for a month. Prints wall and CPU seconds, the load of the machine, and the peak memory of the process.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.payments_ledger import draw_ledger
from benchmarks.workspace import ROOT
from daicho.contracts.codelists import list_codelists, load_codelist
from daicho.contracts.reference import list_reference, load_reference
from daicho.core.payment_rules import PaymentRules
from daicho.measures import MACROS
from daicho.measures.payment_decisions import DECISIONS
from daicho.measures.payment_findings import FINDING_STATEMENTS
from daicho.measures.payment_vocabulary import bind_months
from daicho.vault.derived import load_reference_tables
from daicho.vault.engine import MEMORY_LIMIT

AS_OF = date(2026, 11, 24)
DECIDED = (
    f"SELECT decision, reason, count(*), sum(gross_yen - copay_yen) FROM (\n{DECISIONS.replace('{event_filters}', 'true')}\n) GROUP BY 1, 2"
)
BARE = "SELECT vaccine, institution, count(*), sum(charged_yen), max(event_on), count(person) FROM event GROUP BY 1, 2"
REQUESTS: Mapping[str, Mapping[str, int]] = {"one month": {"month": 202505}, "a fiscal year": {"fiscal_year": 2025}, "every month": {}}


def open_ledger(folder: Path, *, events: int) -> duckdb.DuckDBPyConnection:
    """The drawn ledger, read-only, beside the shipped reference data."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"payments-{events}.duckdb"
    settings = {"memory_limit": MEMORY_LIMIT, "preserve_insertion_order": "false", "temp_directory": str(folder / "spill")}
    if not path.is_file():
        with duckdb.connect(str(path), config=settings) as drawn:
            draw_ledger(drawn, events=events)
    connection = duckdb.connect(config=settings)
    connection.execute(f"ATTACH '{path}' AS ledger (READ_ONLY)")
    contracts = ROOT / "data_contracts"
    tables = {name: load_codelist(contracts, name) for name in list_codelists(contracts)}
    tables |= {name: load_reference(contracts, name) for name in list_reference(contracts)}
    tables |= {"municipality": pl.DataFrame({"code": ["131032"]}), "payment_rule": pl.DataFrame([asdict(PaymentRules())])}
    load_reference_tables(connection, tables, MACROS)
    connection.execute("SET search_path = 'memory.main,ledger.main'")
    return connection


def find(connection: duckdb.DuckDBPyConnection) -> tuple[float, float]:
    """Make what the payment measures read beside the ledger; wall and CPU seconds."""
    connection.execute("ATTACH ':memory:' AS derived")
    taken = [timed(connection, statement, {}) for statement in FINDING_STATEMENTS]
    connection.execute("SET search_path = 'memory.main,ledger.main,derived.main'")
    return sum(wall for wall, _ in taken), sum(cpu for _, cpu in taken)


def timed(connection: duckdb.DuckDBPyConnection, sql: str, bound: Mapping[str, object]) -> tuple[float, float]:
    """Wall and CPU seconds of one statement."""
    used = set(re.findall(r"\$([a-z_]+)", sql))
    wall, cpu = time.perf_counter(), time.process_time()
    connection.execute(sql, {name: value for name, value in bound.items() if name in used}).fetchall()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=10_000_000)
    asked = parser.parse_args()
    connection = open_ledger(asked.folder, events=asked.events)
    (events,) = connection.execute("SELECT count(*) FROM event").fetchall()[0]
    timed(connection, BARE, {})
    bare = timed(connection, BARE, {})
    print(f"{events:,} events; bare scan and sum: {bare[0]:.2f} s, {bare[1]:.2f} s of CPU")
    wall, cpu = find(connection)
    print(f"found once for the snapshot: {wall:.2f} s, {cpu:.2f} s of CPU")
    for title, months in REQUESTS.items():
        wall, cpu = timed(connection, DECIDED, bind_months(with_unclaimed=True)({"as_of": AS_OF, **months}))
        print(f"{title}: {wall:.2f} s, {cpu:.2f} s of CPU ({cpu / bare[1]:.0f} times the bare scan's)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    load = os.getloadavg()[0]
    print(f"peak memory {peak:.2f} GB; load {load:.1f}" + ("" if load < 3 else ": the machine was not quiet, only CPU seconds tell"))


if __name__ == "__main__":
    main()
