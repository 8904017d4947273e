"""Round trip of measures through the gate against the same SQL run bare on the same vault.

`python -m benchmarks.gate WORKSPACE`, over a workspace that `benchmarks.intake` has filled. Every request is asked anew each time (another
purpose), so that no answer comes from the release ledger.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from daicho.core.config import Config, load_config
from daicho.gate.client import GateClient
from daicho.gate.ledger_engine import LedgerEngine
from daicho.gate.process import running_gate
from daicho.gate.request import parse_request

MR = {"vaccine": ("MR",), "dose": ("MR-1",)}
HB = {"vaccine": ("DPT-IPV-HIB",), "dose": ("DPT-IPV-HIB-13",)}
AS_OF = {"as_of": "2026-03-31"}
REQUESTS: dict[str, dict[str, Any]] = {
    "residents": {"by": ("district", "birth_fy"), "parameters": AS_OF},
    "annual_counts": {"by": ("vaccine", "dose", "month"), "parameters": {"fiscal_year": 2024}},
    "consignment_payments": {"by": ("ward", "month", "vaccine"), "parameters": {"fiscal_year": 2024, **AS_OF}, "profile": "settlement"},
    "intake_quality": {"by": ("kind", "rule", "outcome")},
    "coverage_cohort": {"by": ("birth_fy", "district"), "where": MR, "parameters": AS_OF},
    "coverage_cohort (valid)": {"by": ("birth_fy", "district"), "where": HB, "parameters": {**AS_OF, "validity": "valid"}},
    "coverage_fiscal_year": {"by": ("district",), "where": MR, "parameters": {"fiscal_year": 2024}},
    "coverage_cumulative": {"by": ("birth_fy",), "where": MR, "parameters": AS_OF},
    "timeliness": {"by": ("birth_fy", "district"), "where": MR, "parameters": AS_OF},
    "dropout": {"by": ("birth_fy", "district"), "where": {"vaccine": ("DPT-IPV-HIB",)}, "parameters": AS_OF},
    "zero_dose": {"by": ("birth_fy", "district"), "parameters": AS_OF},
    "fully_immunised": {"by": ("birth_fy", "district"), "parameters": AS_OF},
    "dose_validity": {"by": ("outcome", "dose"), "where": {"vaccine": ("DPT-IPV-HIB",)}},
    "unvaccinated": {"by": ("closing", "district"), "where": MR, "parameters": AS_OF},
    "missed_opportunities": {"by": ("birth_fy", "district"), "where": MR, "parameters": AS_OF},
}
TIMES = 5


def timed(act: Callable[[int], object]) -> float:
    """Median seconds; the first call warms caches and is not counted."""
    act(0)
    taken = []
    for number in range(1, TIMES + 1):
        started = time.perf_counter()
        act(number)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def bare(config: Config) -> Mapping[str, float]:
    """The compiled statement of each request on the opened snapshot, without gate, protection or records."""
    engine = LedgerEngine(config)
    snapshot = engine.latest_snapshot()
    started = time.perf_counter()
    connection = engine.open(snapshot)
    print(f"snapshot opened in {time.perf_counter() - started:.1f} s (the first time, doses are appraised)")
    taken = {}
    for title, request in REQUESTS.items():
        name = title.partition(" ")[0]
        raw = {"measure": name, "by": list(request["by"]), "where": {key: list(codes) for key, codes in request.get("where", {}).items()}}
        parsed = parse_request({**raw, "parameters": request.get("parameters", {})}, measures=engine.measures(), profiles=())
        query = engine.compile(name, by=parsed.by, where=parsed.where, parameters=parsed.parameters, snapshot=snapshot)
        taken[title] = timed(lambda _number, query=query: connection.execute(query.sql, dict(query.bound)).pl())
    connection.close()
    return taken


def through_the_gate(config: Config) -> Mapping[str, float]:
    with running_gate(config), GateClient.connect(config) as gate:
        return {
            title: timed(
                lambda number, title=title, request=request: gate.measure(
                    title.partition(" ")[0],
                    by=request["by"],
                    where=request.get("where"),
                    profile=request.get("profile"),
                    purpose=f"benchmark {number} {time.time_ns()}",
                    **request.get("parameters", {}),
                )
            )
            for title, request in REQUESTS.items()
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    config = load_config(parser.parse_args().workspace)
    alone, asked = bare(config), through_the_gate(config)
    print("| measure | bare s | through the gate s | allowed s (1.3 × bare + 0.1) |\n|---|---|---|---|")
    for title in REQUESTS:
        allowed = 1.3 * alone[title] + 0.1
        print(f"| {title} | {alone[title]:.2f} | {asked[title]:.2f} | {allowed:.2f}{'' if asked[title] <= allowed else ' MISSED'} |")


if __name__ == "__main__":
    main()
