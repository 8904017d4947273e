"""Every measure of a year's report on a fiscal year of 10 million doses, 9.5 million COVID-19 records and 4 million shared copies, through the gate.

`python -m benchmarks.fiscal_year FOLDER [--persons 5000000] [MEASURE ...]` draws a ledger in FOLDER (kept for the next time). Printed: the
least of three wall and CPU seconds of the gate (its process too), of a bare group-by of the same columns in the same file, and the ratio.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from benchmarks.fiscal_year_ledger import COVID_YEAR, FISCAL_YEAR, draw_fiscal_year
from benchmarks.workspace import make_workspace
from daicho.core.config import Config, load_config
from daicho.gate.client import GateClient
from daicho.gate.ledger_engine import LedgerEngine
from daicho.gate.process import running_gate
from daicho.intake.load import take_in
from daicho.synth import synthesise

TIMES = 3
YEAR = {"fiscal_year": FISCAL_YEAR}
COVID = {"fiscal_year": COVID_YEAR}


class Request(NamedTuple):
    """A table that a report asks for. `bare` groups the same columns, with as many persons as rows; nothing is joined or checked."""

    measure: str
    by: tuple[str, ...]
    parameters: dict[str, Any]
    bare: str
    where: dict[str, tuple[str, ...]] | None = None


def _bare(table: str, *columns: str, persons: bool = True) -> str:
    return f"SELECT {', '.join(columns)}, count(*){', count(DISTINCT person)' if persons else ''} FROM {table} GROUP BY ALL"


_DOSE = "(SELECT * FROM event WHERE given_on BETWEEN DATE '2025-04-01' AND DATE '2026-03-31')"
_MONTH = "year({0}) * 100 + month({0})"
REQUESTS = (
    Request("annual_counts", ("vaccine", "dose", "month"), YEAR, _bare(_DOSE, "vaccine", "dose", _MONTH.format("given_on"))),
    Request("annual_counts", ("disease", "program_class", "age_category"), YEAR, _bare(_DOSE, "vaccine", "dose")),
    Request("annual_counts", ("age_band", "sex", "district"), YEAR, _bare(_DOSE, "district", "resident_class")),
    Request("form_rows", ("row", "column"), YEAR, _bare(_DOSE, "vaccine", "dose")),
    Request("form_rows", ("disease", "month", "district"), YEAR, _bare(_DOSE, "vaccine", _MONTH.format("given_on"), "district")),
    Request("form_exceptions", ("reason", "vaccine"), YEAR, _bare(_DOSE, "vaccine", "date_status")),
    Request("ledger_doses", ("vaccine", "dose", "month"), YEAR, _bare(_DOSE, "vaccine", "dose", _MONTH.format("event_on"))),
    Request("covid_doses", ("dose_number", "maker"), {}, _bare("covid", "number", "maker")),
    Request("covid_doses", ("age_band", "sex"), {}, _bare("covid", "number", "resident_class")),
    Request("covid_doses", ("month", "municipality", "source"), COVID, _bare("covid", _MONTH.format("given_on"), "municipality_code", "outcome")),
    Request("covid_doses", ("district", "product"), {}, _bare("covid", "district", "product")),
    Request("covid_coverage", ("dose_number", "age_band", "district"), {"as_of": date(2026, 3, 31)}, _bare("covid", "number", "district"),
            {"dose_number": ("1", "2", "3", "4", "5")}),
    Request("covid_certificates", ("certificate_channel", "month"), {}, _bare("certificate", "channel", _MONTH.format("issued_on"))),
    Request("covid_sources", ("outcome", "dose_number", "month"), {}, _bare("covid", "outcome", "number", _MONTH.format("given_on"))),
    Request("shared_copy_check", ("outcome", "vaccine"), {}, _bare("shared_copy", "vaccine", "number")),
    Request("shared_copy_check", ("outcome", "month"), YEAR, _bare("shared_copy", "vaccine", _MONTH.format("given_on"))),
    Request("population_changes", ("district", "birth_fy", "sex"), YEAR, _bare("residence", "district", "from_reason", "until_reason")),
)  # fmt: skip


def open_workspace(folder: Path, *, persons: int) -> Config:
    """The drawn ledger in a workspace of its own: a small delivery is taken in, then its mart is replaced."""
    workspace = folder / f"fiscal-year-{persons}"
    if (workspace / "drawn").is_file():
        return load_config(workspace)
    config = make_workspace(workspace)
    synthesise(
        folder / "small", persons=2_000, seed=1, until="2026-10", encoding="cp932", faults=0, config=config, contracts_dir=config.contracts_dir,
        progress=lambda _text: None,
    )  # fmt: skip
    take_in([folder / "small"], config=config, today=date(2026, 11, 24))
    started = time.perf_counter()
    draw_fiscal_year(config, persons=persons)
    print(f"ledger drawn in {time.perf_counter() - started:.0f} s")
    (workspace / "drawn").touch()
    return config


def least(act: Callable[[int], object], *, seconds: Callable[[], float]) -> tuple[float, float]:
    """The least wall and the least CPU seconds of a few runs; the first warms caches and is not counted."""
    act(0)
    taken = []
    for number in range(1, TIMES + 1):
        wall, cpu = time.perf_counter(), seconds()
        act(number)
        taken.append((time.perf_counter() - wall, seconds() - cpu))
    return min(wall for wall, _ in taken), min(cpu for _, cpu in taken)


def _seconds_of_children() -> float:
    """CPU seconds of this process and of those it started that still run."""
    tick, own = os.sysconf("SC_CLK_TCK"), os.getpid()
    total = time.process_time()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / tick if int(fields[1]) == own else 0
    return total


def bare(config: Config, requests: list[Request]) -> list[tuple[float, float]]:
    """The baseline of each request on the opened snapshot, after the tables that are made once for each snapshot were made."""
    engine = LedgerEngine(config)
    for title in ("for the first time", "again"):
        started, cpu = time.perf_counter(), time.process_time()
        connection: duckdb.DuckDBPyConnection = engine.open(engine.latest_snapshot())
        print(f"snapshot opened {title}: {time.perf_counter() - started:.1f} s, {time.process_time() - cpu:.1f} s of CPU")
        if title != "again":
            connection.close()
    count = "SELECT count(*), (SELECT count(*) FROM covid), (SELECT count(*) FROM shared_copy), (SELECT count(*) FROM person) FROM event"
    print("records, COVID-19, copies, persons:", *(f"{number:,}" for number in connection.execute(count).fetchall()[0]))
    taken = [least(lambda _number, sql=each.bare: connection.execute(sql).fetchall(), seconds=time.process_time) for each in requests]
    connection.close()
    return taken


def through_the_gate(config: Config, requests: list[Request]) -> list[tuple[float, float]]:
    with running_gate(config), GateClient.connect(config) as gate:
        return [
            least(
                lambda number, each=each: gate.measure(
                    each.measure, by=each.by, where=each.where, purpose=f"benchmark {number} {time.time_ns()}", **each.parameters
                ),
                seconds=_seconds_of_children,
            )
            for each in requests
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("measures", nargs="*")
    parser.add_argument("--persons", type=int, default=5_050_000)
    asked = parser.parse_args()
    requests = [each for each in REQUESTS if not asked.measures or each.measure in asked.measures]
    config = open_workspace(asked.folder, persons=asked.persons)
    alone, gate = bare(config, requests), through_the_gate(config, requests)
    print("| measure | by | through the gate s | CPU s | bare group-by s | ratio |\n|---|---|---|---|---|---|")
    for each, (base, _), (wall, cpu) in zip(requests, alone, gate, strict=True):
        print(
            f"| {each.measure} | {', '.join(each.by)} | {wall:.2f} | {cpu:.2f} | {base:.2f} | {wall / base:.1f} |{'' if wall <= 2 else ' MISSED'}"
        )
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
