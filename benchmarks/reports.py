"""Seconds of a batch of reports: the first, and each after it; and of one report alone, as the command line makes it.

`python -m benchmarks.reports WORKSPACE [--count 23] [--half-year 2025H1]`, over a workspace that holds a ledger (`daicho demo` leaves one in
var/demo). CPU seconds count everything that ran: the command, the gate, the nursery and its kernels. Run folders are removed again.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from daicho.core.config import Config, load_config
from daicho.runs.jobs import jobs_for_each
from daicho.runs.run import run_reports

TODAY = date(2026, 4, 1)
PROMISED_TOTAL, PROMISED_EACH = 60.0, 1.5


def statements(config: Config, *, count: int, half_year: str) -> None:
    """Ward statements in one run, all formats."""
    jobs = jobs_for_each(config, "ward_settlement", "ward", parameters={"half_year": half_year}, today=TODAY, others_only=True)[:count]
    started, before, steps = time.perf_counter(), _cpu(), [0.0]
    with tempfile.TemporaryDirectory() as folder:
        run_reports(
            jobs,
            name="benchmark",
            config=config,
            today=TODAY,
            purpose="benchmark",
            folder=Path(folder) / "run",
            on_step=lambda _step: steps.append(time.perf_counter() - started),
        )
    total, spent = time.perf_counter() - started, _cpu() - before
    # A report is announced when the one before is executed: the second announcement ends the first report.
    first = steps[2]
    each = (total - first) / (len(jobs) - 1)
    print(f"{len(jobs)} ward statements: {total:.1f} s (promised {PROMISED_TOTAL:.0f}), {spent:.1f} s of CPU")
    print(f"  the first {first:.1f} s, each after it {each:.2f} s (promised {PROMISED_EACH})")


def alone(config: Config, name: str, *arguments: str) -> None:
    """One report as its own command."""
    started, before = time.perf_counter(), _cpu()
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-c",
            "from daicho.cli.main import main; main()",
            "report",
            name,
            *arguments,
            "--today",
            TODAY.isoformat(),
            "--out",
            folder,
        ]
        subprocess.run([*command, "--workspace", str(config.root)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(f"report {name}: {time.perf_counter() - started:.1f} s, {_cpu() - before:.1f} s of CPU")


def _cpu() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--count", type=int, default=23)
    parser.add_argument("--half-year", default="2025H1")
    options = parser.parse_args()
    config = load_config(options.workspace.resolve())
    statements(config, count=options.count, half_year=options.half_year)
    alone(config, "coverage", "-p", "fiscal_year=2025")
    alone(config, "ward_settlement", "-p", f"half_year={options.half_year}")


if __name__ == "__main__":
    main()
