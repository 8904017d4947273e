"""Closing a month through the gate: what is stored never changes, its digest outlives new keys, and nobody but an officer may close."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import TODAY
from tests.intake.extract_factory import RESIDENT, VACCINATION, write_extract
from tests.intake.test_payment_decisions import decide
from tests.intake.test_take_in import load, people, rows

from daicho.core.config import Config
from daicho.gate.access_log import AccessLog, Caller
from daicho.gate.closes import Closes
from daicho.gate.ledger_engine import LedgerEngine
from daicho.gate.protocol import Answer
from daicho.gate.retention import erase_persons
from daicho.gate.snapshots import OpenSnapshots
from daicho.vault.rekey import rotate_keys

INVOICE = {
    "請求者コード": "unknown",
    "支払月": "202106",
    "請求区分": "接種",
    "予防接種種別コード": "MR",
    "単価": "12457",
    "件数": "3",
    "金額": "37371",
}


def clock() -> datetime:
    return datetime.combine(TODAY, datetime.min.time()).astimezone()


def officer() -> Caller:
    return Caller(uid=0, user="root", role="officer", terminal="", is_admin=True)


@contextmanager
def closes_of(config: Config) -> Iterator[Closes]:
    engine = LedgerEngine(config)
    snapshots = OpenSnapshots(engine, timeout_seconds=60)
    try:
        yield Closes(config, engine=engine, log=AccessLog(config.log_dir, clock=clock), snapshots=snapshots, clock=clock)
    finally:
        snapshots.close()


def close(config: Config, month: int = 202106, *, caller: Caller | None = None, **more: Any) -> Answer:
    config.log_dir.mkdir(parents=True, exist_ok=True)
    with closes_of(config) as closes:
        return closes.make({"op": "close", "month": month, "purpose": "", **more}, caller or officer())


def result(answer: Answer) -> Mapping[str, Any]:
    assert answer.outcome == "done", answer
    return dict(answer.result)


@pytest.fixture
def office(workspace: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Three children with an MR dose in May 2021, claimed for June. Whoever runs the tests is the officer."""
    monkeypatch.setattr("daicho.gate.closes.roles_of", lambda user, **_: {"officer"} if user == "root" else {"analyst"})
    load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, people(3)), write_extract(tmp_path / "v.csv", VACCINATION, people(3)))
    return workspace


def test_a_closed_month_has_its_totals_its_record_and_the_same_digest_again(office: Config) -> None:
    first, again = result(close(office)), result(close(office))
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["sha256"] == again["sha256"] and first["totals"] == again["totals"]
    assert (first["totals"]["payable_yen"], first["totals"]["fee_yen"]) == (3 * 12_457, 330)
    record = json.loads((office.state_dir / "closes" / "payments-202106.json").read_text(encoding="utf-8"))
    assert record["sha256"] == first["sha256"] and record["figures"][0]["count"] == 3


def test_the_digest_is_the_same_for_the_same_ledger_and_outlives_new_keys(office: Config) -> None:
    first = result(close(office))
    rotate_keys(office, today=TODAY)
    again = result(close(office))
    assert again["sha256"] == first["sha256"] and not again["is_new"]


def test_a_withdrawn_claim_leaves_the_closed_month_alone_and_is_taken_back_in_the_next(office: Config, tmp_path: Path) -> None:
    first = result(close(office))
    load(office, decide(tmp_path, {"判定": "取消", "判定理由": "過誤", "決定日": "20210705"}))
    assert result(close(office))["sha256"] == first["sha256"]
    july = result(close(office, 202107))["totals"]
    assert (july["adjustments_count"], july["adjustments_yen"], july["total_yen"]) == (1, -12_457, -12_457)
    assert result(close(office, 202108))["totals"]["adjustments_count"] == 0


def test_the_lines_lie_in_the_vault_and_go_with_an_erased_person(office: Config) -> None:
    first = result(close(office))
    erase_persons(office, ["5100000001"], today=TODAY)
    assert rows(office, "SELECT count(*) FROM closed_line WHERE line_kind = 'event'") == [(2,)]
    again = result(close(office))
    assert (again["sha256"], again["rows_erased"], again["totals"]) == (first["sha256"], 1, first["totals"])


def test_a_new_dump_of_the_ledger_on_other_lines_makes_no_adjustment(office: Config, tmp_path: Path) -> None:
    close(office)
    load(office, write_extract(tmp_path / "v.csv", VACCINATION, people(3)[::-1]))
    assert result(close(office, 202107))["totals"]["adjustments_count"] == 0


def test_months_are_closed_in_order_and_not_before_their_day(office: Config) -> None:
    close(office)
    assert "the next is 202107" in str(close(office, 202109).message)
    assert "the next is 202107" in str(close(office, 202105).message)
    following = TODAY + timedelta(days=62)
    month = following.year * 100 + following.month
    fresh = replace(office)
    assert "closed in order" in str(close(fresh, month).message)


def test_the_first_month_is_not_closed_before_its_closing_day(office: Config) -> None:
    coming = date(TODAY.year + 1, 1, 1)
    assert "it is still open" in str(close(office, coming.year * 100 + coming.month).message)
    assert "no row for the month" in str(close(office, 209901).message)


def test_a_blocked_bill_keeps_a_month_open_until_it_is_accepted(office: Config, tmp_path: Path) -> None:
    load(office, write_extract(tmp_path / "i.csv", INVOICE, [{"単価": "190485", "件数": "47", "金額": "8952795"}]))
    assert "1 bill(s) of 202106 depart" in str(close(office).message)
    assert rows(office, "SELECT count(*) FROM closed_line") == [(0,)]
    assert result(close(office, accept_blocked=True))["accepted_blocked"] == 1


@pytest.mark.parametrize(
    ("caller", "message"),
    [(replace(officer(), user="somebody"), "takes the role officer"), (replace(officer(), is_admin=False), "does not offer")],
)
def test_only_an_officer_at_the_command_line_closes(office: Config, caller: Caller, message: str) -> None:
    assert message in str(close(office, caller=caller).message)
    assert rows(office, "SELECT count(*) FROM closed_line") == [(0,)]


@pytest.mark.parametrize("request_", [{"month": "202106"}, {"month": 202113}, {"month": True}, {"sql": "SELECT 1"}, {"accept_blocked": 1}])
def test_a_request_outside_the_vocabulary_is_refused(office: Config, request_: dict[str, Any]) -> None:
    assert "does not offer" in str(close(office, **{"month": 202106, **request_}).message)
