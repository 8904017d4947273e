"""Withdrawn and superseded releases stay known; what an attacker could say of each withheld cell is kept beside the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gate.toy import ToyEngine, grant, launched, make_workspace, serving

from daicho.core.errors import DisclosureError, UsageError
from daicho.gate.audit import audit_gate, audit_records
from daicho.gate.client import GateClient
from daicho.gate.release_ledger import ReleaseLedger
from daicho.gate.roles import workspace_creator


def test_a_withdrawn_release_stays_known_and_is_marked(tmp_path: Path) -> None:
    config = make_workspace(tmp_path)
    with serving(config), GateClient.connect(config) as client:
        first = client.measure("residents", by=["district", "sex"], profile="public").facts.release_id
        assert client.withdraw(first, reason="訂正のため")["state"] == "withdrawn"
        with pytest.raises(UsageError, match="already"):
            client.withdraw(first, reason="もう一度")
        with pytest.raises(DisclosureError):
            client.measure("residents", profile="public")  # the total would still tell what the withdrawn table withholds
        (entry,) = client.releases(profile="public")
        assert (entry["state"], entry["reason"]) == ("withdrawn", "訂正のため") and client.releases(profile="internal") == []
    assert ReleaseLedger(config.releases_dir).standing(first)["reason"] == "訂正のため"
    findings = audit_gate(config, engine=ToyEngine())
    assert [(finding.severity, finding.where) for finding in findings] == [("notice", first)]


def test_a_new_release_of_the_same_request_supersedes_the_older(tmp_path: Path) -> None:
    config, engine = make_workspace(tmp_path), ToyEngine()
    with serving(config, engine=engine), GateClient.connect(config) as client:
        old = client.measure("residents", by=["district"], profile="public").facts.release_id
        engine.snapshot = 2
        new = client.measure("residents", by=["district"], profile="public").facts.release_id
        states = {entry["release_id"]: entry["state"] for entry in client.releases()}
    assert states == {old: "superseded", new: "stands"}
    assert [finding.severity for finding in audit_records(config)] == ["notice"]


def test_only_an_officer_at_the_command_line_lists_and_withdraws(tmp_path: Path) -> None:
    config = make_workspace(tmp_path)
    with serving(config), GateClient.connect(config) as client:
        client.measure("residents", by=["district"], profile="public")
        with launched(config, client) as kernel:
            with pytest.raises(UsageError):
                kernel.releases()
            with pytest.raises(UsageError):
                kernel.withdraw("R0", reason="x")
        with pytest.raises(UsageError):
            client.withdraw("R0", reason="x")
    config = make_workspace(tmp_path / "analyst", roles=grant(workspace_creator(config), "analyst", "2027-03-31"))
    with serving(config), GateClient.connect(config) as client, pytest.raises(DisclosureError, match="officer"):
        client.releases()


def test_bounds_are_kept_and_never_leave(tmp_path: Path) -> None:
    config = make_workspace(tmp_path)
    with serving(config), GateClient.connect(config) as client:
        client.measure("residents", by=["district"], profile="public")
        cells = client.measure("residents", by=["district", "sex"], profile="public")
    ledger = ReleaseLedger(config.releases_dir)
    told = ledger.bounds(cells.facts.release_id)
    assert told is not None
    assert [(each.row, each.lower, each.upper) for each in told] == [(("B", "1"), 0, 34), (("B", "2"), 0, 34)]
    assert b"bounds" not in ledger.read(cells.facts.release_id)
    assert audit_gate(config, engine=ToyEngine()) == ()


def test_bounds_that_were_changed_are_found(tmp_path: Path) -> None:
    config = make_workspace(tmp_path)
    with serving(config), GateClient.connect(config) as client:
        cells = client.measure("residents", by=["district", "sex"], profile="public").facts.release_id
    (config.releases_dir / f"{cells}.bounds").write_text('[["residents_count", ["B", "2"], 0, 9]]', encoding="utf-8")
    assert [finding.where for finding in audit_records(config)] == [f"{cells}.arrow"]
