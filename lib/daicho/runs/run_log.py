"""The log of scheduled runs, for programs: `var/plans/runs.jsonl`, one JSON object a line, whole lines only.

Fields: `time`, `event` (waiting, started, done, failed, overdue), `plan`, `period`, `run_id`, `attempt`, `exit_code`, `message`. No value of the ledger.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from daicho.core.config import Config

FILE = "runs.jsonl"


def log_path(config: Config) -> Path:
    return config.state_dir / "plans" / FILE


def log_event(
    config: Config,
    event: str,
    *,
    at: datetime,
    plan: str,
    period: str,
    run_id: str = "",
    attempt: int = 0,
    exit_code: int = 0,
    message: str = "",
) -> None:
    """Append one event. A line is one write, so that runs at the same moment do not mix theirs."""
    line = {
        "time": at.isoformat(timespec="seconds"),
        "event": event,
        "plan": plan,
        "period": period,
        "run_id": run_id,
        "attempt": attempt,
        "exit_code": exit_code,
        "message": message,
    }
    path = log_path(config)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8"))
    finally:
        os.close(handle)
