"""Worklists: files that say where in the extracts a clerk must look, and why. The list stays in the identified zone; only its name is answered.

The file is written aside, then the access log knows of it, then it gets its name: no list exists that the log does not hold.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from daicho.core.config import Config
from daicho.core.errors import DaichoError, DisclosureError, UsageError, VaultError
from daicho.gate.access_log import AccessLog, Caller, Clock
from daicho.gate.engine import Engine, Query
from daicho.gate.failures import FAILED, note_failure
from daicho.gate.profiles import DisclosureRules
from daicho.gate.protocol import Answer, refusal
from daicho.gate.request import NOT_IN_VOCABULARY, WorklistRequest, joined_purpose, parse_worklist_request
from daicho.gate.roles import roles_of
from daicho.gate.snapshots import OpenSnapshots
from daicho.vault.catalog import sync_folder

ROLES = frozenset({"officer", "report_runner"})
PROFILE = "internal"
"""The profile whose threshold masks the number of entries."""
COLUMNS = ("source_file", "line", "reason", "class")
UNKNOWN_LINE = "unknown line"
_ASIDE = ".aside-"


@dataclass(frozen=True)
class _Made:
    """A list that is complete but has no name yet."""

    aside: Path
    name: str
    rows: int
    persons: int
    request: Mapping[str, Any]


class Worklists:
    """Makes worklists for one workspace. Safe for many threads."""

    def __init__(
        self, config: Config, *, engine: Engine, rules: DisclosureRules, log: AccessLog, snapshots: OpenSnapshots, clock: Clock
    ) -> None:
        self._config = config
        self._engine = engine
        self._rules = rules
        self._log = log
        self._snapshots = snapshots
        self._clock = clock
        self._folder = config.worklists_dir
        # One gate serves a workspace: what lies aside when it starts was left by one that was killed.
        for path in self._folder.glob(f"{_ASIDE}*"):
            with contextlib.suppress(OSError):
                path.unlink()

    def make(self, raw: Mapping[str, Any], caller: Caller) -> Answer:
        """Write the list that a request asks for, log it, and answer its file name."""
        made: _Made | None = None
        refused: DaichoError | None = None
        try:
            made = self._write(raw, caller)
            outcome = "listed"
        except DaichoError as error:
            refused, outcome = error, f"refused:{type(error).__name__}"
        except Exception as error:
            note_failure(error)
            refused, outcome = FAILED, f"failed:{type(error).__name__}"
        # Words of a request that was refused may be anything, a name of a person included: they are not kept.
        request = made.request if made else {"op": "worklist"}
        purpose = joined_purpose(caller.purpose, raw.get("purpose"))
        try:
            self._log.record(caller, request=request, outcome=outcome, purpose=purpose, cells=made.rows if made else 0)
            if made is not None:
                return self._publish(made)
        except OSError as error:
            note_failure(error)
            refused = FAILED
        finally:
            if made is not None:
                made.aside.unlink(missing_ok=True)
        return refusal(refused or FAILED)

    def _write(self, raw: Mapping[str, Any], caller: Caller) -> _Made:
        self._require_clerk(caller)
        request = parse_worklist_request(raw, worklists=self._engine.worklists())
        query = self._compile(request)
        snapshot = request.snapshot if request.snapshot is not None else self._engine.latest_snapshot()
        found = self._snapshots.run(snapshot, query.sql, query.bound)
        today = self._clock().date()
        name = f"{request.worklist.name}-{today.isoformat()}-{secrets.token_hex(4)}.csv"
        aside = self._folder / f"{_ASIDE}{name}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._folder.chmod(0o700)
            _write_private(aside, _csv(found))
        except OSError as error:
            reason = error.strerror or type(error).__name__
        else:
            asked = {
                "op": "worklist",
                "worklist": request.worklist.name,
                "where": {dimension: list(codes) for dimension, codes in sorted(query.where.items())},
                "parameters": {key: value.isoformat() if isinstance(value, date) else value for key, value in query.parameters.items()},
                "snapshot": snapshot,
                "file": name,
            }
            persons = int(found["persons"][0]) if found.height else 0
            return _Made(aside=aside, name=name, rows=found.height, persons=persons, request=asked)
        aside.unlink(missing_ok=True)
        raise VaultError(
            f"the worklist cannot be written to {self._folder} ({reason}): check the folder's owner and the disk's free space."
        )

    def _require_clerk(self, caller: Caller) -> None:
        """To a sealed kernel this operation does not exist, whatever its role; at the command line the role decides, as it stands now."""
        if not caller.is_admin:
            raise UsageError(NOT_IN_VOCABULARY)
        if not ROLES & roles_of(caller.user, config=self._config, today=self._clock().date()):
            raise DisclosureError(
                f"user {caller.user} may not make worklists: that takes the role officer or report-runner, granted in daicho.toml ([[roles]])."
            )

    def _compile(self, request: WorklistRequest) -> Query:
        try:
            return self._engine.compile_worklist(request.worklist.name, where=request.where, parameters=request.parameters)
        except UsageError:
            pass
        raise UsageError(NOT_IN_VOCABULARY)

    def _publish(self, made: _Made) -> Answer:
        """Give a list that is logged its name. Its entries are counted in the answer as the profile for internal work would show them."""
        made.aside.rename(self._folder / made.name)
        sync_folder(self._folder)
        threshold = self._rules.profiles[PROFILE].threshold if PROFILE in self._rules.profiles else None
        is_masked = threshold is not None and 0 < made.persons < threshold
        rows = {"rows": None, "fewer_than": threshold} if is_masked else {"rows": made.rows, "fewer_than": None}
        return Answer(outcome="done", result={"file": made.name, **rows})


def _csv(found: pl.DataFrame) -> bytes:
    """The file's bytes: the pointers, and nothing else of what the query gave."""
    line = pl.col("line").cast(pl.String).fill_null(UNKNOWN_LINE)
    frame = found.select(pl.col("source_file").fill_null(""), line, "reason", "class")
    return codecs.BOM_UTF8 + frame.select(COLUMNS).write_csv(line_terminator="\r\n").encode()


def _write_private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
