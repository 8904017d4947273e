"""Close a month of payment (支払月の締め): its lines go into the vault as they stand and never change; only totals and a digest leave the gate.

Closing a closed month again changes nothing: the stored lines are read, their digest worked out anew, and the record written again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

import polars as pl

from daicho.contracts.reference import list_reference, load_reference
from daicho.core.config import Config
from daicho.core.errors import DaichoError, DataError, DisclosureError, UsageError
from daicho.gate.access_log import AccessLog, Caller, Clock
from daicho.gate.close_record import canonical, figures, totals, with_header, write_record
from daicho.gate.engine import Engine
from daicho.gate.failures import FAILED, note_failure
from daicho.gate.protocol import Answer, refusal
from daicho.gate.request import NOT_IN_VOCABULARY, checked_purpose, joined_purpose
from daicho.gate.roles import roles_of
from daicho.gate.snapshots import OpenSnapshots
from daicho.measures.payment_close import CloseQuery, close_adjustments, close_lines
from daicho.vault.append import append_batch, batches_of, content_digest
from daicho.vault.catalog import Batch
from daicho.vault.mart_payments import CLOSE

FIELDS = frozenset({"op", "month", "accept_blocked", "purpose"})
FOLDER = "closes"
VERSION = "1.0.0"


class Closes:
    """Closes months for one workspace, one at a time."""

    def __init__(self, config: Config, *, engine: Engine, log: AccessLog, snapshots: OpenSnapshots, clock: Clock) -> None:
        self._config = config
        self._engine = engine
        self._log = log
        self._snapshots = snapshots
        self._clock = clock

    def make(self, raw: Mapping[str, Any], caller: Caller) -> Answer:
        """Close the month a request names, or read it again; log it; answer its totals and digest."""
        refused: DaichoError = FAILED
        result: dict[str, Any] | None = None
        try:
            result = self._close(raw, caller)
            outcome = "closed" if result["is_new"] else "closed_before"
        except DaichoError as error:
            refused, outcome = error, f"refused:{type(error).__name__}"
        except Exception as error:
            note_failure(error)
            outcome = f"failed:{type(error).__name__}"
        request = {"op": "close"} | ({key: result[key] for key in ("month", "sha256", "snapshot")} if result else {})
        self._log.record(caller, request=request, outcome=outcome, purpose=joined_purpose(caller.purpose, raw.get("purpose")))
        return refusal(refused) if result is None else Answer(outcome="done", result=result)

    def _close(self, raw: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        month, accepts_blocked = self._parsed(raw, caller)
        closed = {_month_of(batch): batch for batch in batches_of(self._config, CLOSE)}
        if month in closed:
            return self._again(month, closed[month])
        today = self._clock().date()
        self._require_due(month, today=today, closed=max(closed, default=0))
        snapshot = self._engine.latest_snapshot()
        blocked = self._blocked(month, snapshot=snapshot, today=today)
        if blocked and not accepts_blocked:
            raise DataError(
                f"{blocked} bill(s) of {month} depart from the ledger, or from what is usual, beyond alarm_factor: see claim_differences "
                "(claim_status = blocked) and have them corrected, or close with --accept-blocked; nothing was closed."
            )
        lines = with_header(
            [self._run(snapshot, close_lines(month, as_of=today)), self._run(snapshot, close_adjustments(as_of=today))], month=month
        )
        digest = content_digest(self._config, f"{month}\n{canonical(lines)}")
        batch = append_batch(
            self._config, lines, kind=CLOSE, name=f"payments-{month}", sha256=digest, version=VERSION, snapshot=snapshot, today=today
        )
        return self._recorded(month, batch, lines, is_new=True, blocked=blocked)

    def _again(self, month: int, batch: Batch) -> dict[str, Any]:
        """A closed month from its stored lines. Raises DataError when they are not what was closed."""
        stored = self._snapshots.run(
            self._engine.latest_snapshot(), "SELECT * EXCLUDE (batch) FROM closed_line WHERE closed_month = $month", {"month": month}
        )
        digest = content_digest(self._config, f"{month}\n{canonical(stored)}")
        if digest != batch.sha256 and not batch.rows_erased:
            raise DataError(f"the closed month {month} is not what it was when it was closed: restore the vault folder from its backup.")
        return self._recorded(month, batch, stored, is_new=False, blocked=0)

    def _recorded(self, month: int, batch: Batch, lines: pl.DataFrame, *, is_new: bool, blocked: int) -> dict[str, Any]:
        sums = asdict(totals(lines, month=month, rounding=self._config.payments.rounding))
        record = {
            "month": month, "closed_on": batch.received_on, "sha256": batch.sha256, "rows_erased": batch.rows_erased,
            "terms": self._config.payments.text, "totals": sums, "figures": figures(lines),
        }  # fmt: skip
        path = self._config.state_dir / FOLDER / f"payments-{month}.json"
        if is_new or not path.is_file():
            write_record(path.parent, path.stem, record)
        else:
            # What was written when the month was closed stands, whatever has been erased or configured since.
            sums = json.loads(path.read_text(encoding="utf-8"))["totals"]
        facts = {"month": month, "sha256": batch.sha256, "closed_on": batch.received_on, "snapshot": self._engine.latest_snapshot()}
        return {
            **facts,
            "is_new": is_new,
            "rows_erased": batch.rows_erased,
            "accepted_blocked": blocked,
            "record": path.name,
            "totals": sums,
        }

    def _parsed(self, raw: Mapping[str, Any], caller: Caller) -> tuple[int, bool]:
        """To a sealed kernel this operation does not exist; at the command line it takes an officer."""
        month, accepts = raw.get("month"), raw.get("accept_blocked", False)
        is_month = isinstance(month, int) and not isinstance(month, bool) and 190001 <= month <= 299912 and 1 <= month % 100 <= 12
        if not caller.is_admin or not set(raw) <= FIELDS or not is_month or not isinstance(accepts, bool):
            raise UsageError(NOT_IN_VOCABULARY)
        checked_purpose(raw.get("purpose", ""))
        if "officer" not in roles_of(caller.user, config=self._config, today=self._clock().date()):
            raise DisclosureError(
                f"user {caller.user} may not close a month: that takes the role officer, granted in daicho.toml ([[roles]])."
            )
        return int(str(month)), accepts

    def _require_due(self, month: int, *, today: date, closed: int) -> None:
        following = closed + 1 if closed % 100 < 12 else closed + 89
        if closed and month != following:
            raise UsageError(
                f"months are closed in order, and the next is {following}: a later correction is an adjustment in an open month."
            )
        calendar = pl.DataFrame({"kind": [], "period": [], "closes_on": []})
        if "payment_calendar" in list_reference(self._config.contracts_dir):
            calendar = load_reference(self._config.contracts_dir, "payment_calendar")
        days = calendar.filter((pl.col("kind") == "month") & (pl.col("period") == str(month)))["closes_on"].to_list()
        if len(days) != 1:
            raise UsageError(f"payment_calendar.csv has no row for the month {month}: enter its 締め日 and day of payment.")
        if today < days[0]:
            raise UsageError(f"{month} closes on {days[0]} (締め日 in payment_calendar.csv): it is still open.")

    def _blocked(self, month: int, *, snapshot: int, today: date) -> int:
        """Bills of the month that are blocked."""
        query = self._engine.compile(
            "claim_differences",
            by=("payee",),
            where={"claim_status": ["blocked"]},
            parameters={"as_of": today, "month": month},
            snapshot=snapshot,
        )
        return self._snapshots.run(snapshot, query.sql, query.bound).height

    def _run(self, snapshot: int, query: CloseQuery) -> pl.DataFrame:
        return self._snapshots.run(snapshot, query.sql, {name: value for name, value in query.bound.items() if f"${name}" in query.sql})


def _month_of(batch: Batch) -> int:
    return int(batch.file_name.removeprefix("payments-"))
