"""Who may ask the gate to examine itself, and that nobody can choose anything by asking."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gate.compliance_plants import ME, NOON
from tests.gate.toy import grant, launched, serving
from tests.gate.toy import make_workspace as make_toy

from daicho.core.config import Config
from daicho.core.errors import DisclosureError, UsageError
from daicho.gate.access_log import AccessLog
from daicho.gate.client import GateClient
from daicho.gate.examination import CHECKS
from daicho.gate.examined import EXAMINED
from daicho.gate.protocol import BODY_LIMIT, HEADER_LIMIT, receive_frame, send_frame
from daicho.gate.request import NOT_IN_VOCABULARY


def raw_answer(client: GateClient, request: dict[str, Any]) -> dict[str, Any]:
    send_frame(client.connection, request)
    return receive_frame(client.connection, header_limit=HEADER_LIMIT, body_limit=BODY_LIMIT).header


def toy(tmp_path: Path, *roles: str) -> Config:
    return make_toy(tmp_path, roles="".join(grant(ME, role, "2027-03-31") for role in roles))


def test_an_officer_at_the_command_line_may_ask_and_the_log_says_so(tmp_path: Path) -> None:
    config = toy(tmp_path, "officer")
    with serving(config) as _, GateClient.connect(config) as client:
        assert client.compliance(purpose="年次点検")["checks"].keys() == CHECKS.keys()
        with pytest.raises(UsageError, match="purpose"):
            client.compliance()
    last = list(AccessLog(config.log_dir, clock=lambda: NOON).entries())[-2]
    assert (last["request"], last["outcome"], last["purpose"]) == ({"op": "compliance"}, EXAMINED, "年次点検")


@pytest.mark.parametrize("role", ["analyst", "report_runner"])
def test_others_at_the_command_line_may_not(tmp_path: Path, role: str) -> None:
    config = toy(tmp_path, role)
    with serving(config), GateClient.connect(config) as client, pytest.raises(DisclosureError, match="officer"):
        client.compliance(purpose="点検")


@pytest.mark.parametrize(("role", "may"), [("analyst", False), ("report_runner", True), ("officer", True)])
def test_a_kernel_may_ask_under_the_role_its_launch_names(tmp_path: Path, role: str, may: bool) -> None:
    config = toy(tmp_path, "analyst", "report_runner", "officer")
    with serving(config), GateClient.connect(config) as admin, launched(config, admin, role=role) as kernel:
        if may:
            assert kernel.compliance()["checks"]
        else:
            with pytest.raises(UsageError, match=NOT_IN_VOCABULARY.split(":")[0]):
                kernel.compliance()


def test_a_grant_that_ended_while_the_kernel_ran_gives_nothing(tmp_path: Path) -> None:
    config = make_toy(tmp_path, roles=grant(ME, "officer", "2026-11-24"))
    now = [NOON]
    with serving(config, clock=lambda: now[0]), GateClient.connect(config) as admin, launched(config, admin, role="officer") as kernel:
        now[0] = datetime(2026, 11, 25, tzinfo=UTC)
        with pytest.raises(UsageError):
            kernel.compliance()


texts = st.one_of(st.text(max_size=20), st.sampled_from(["purpose", "snapshot", "measure", "check", "user", "where", "by", "run_id"]))
values = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.lists(st.text(max_size=5), max_size=3))


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Any:
    config = toy(tmp_path_factory.mktemp("fuzz"), "analyst", "officer")
    with serving(config), GateClient.connect(config) as admin:
        yield config, admin


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(more=st.dictionaries(texts, values, max_size=4), role=st.sampled_from(["analyst", "officer"]))
def test_nothing_can_be_chosen_and_every_other_key_is_refused(gate: Any, more: dict[str, Any], role: str) -> None:
    config, admin = gate
    with launched(config, admin, role=role) as kernel:
        answer = raw_answer(kernel, {**more, "op": "compliance"})
    if role == "analyst" or not set(more) <= {"purpose", "op"}:
        assert (answer["outcome"], answer["message"]) == ("refused", NOT_IN_VOCABULARY)
    elif answer["outcome"] == "done":
        assert set(answer["result"]) == {"at", "checks", "statistics", "open_points"}
        assert answer["result"]["checks"].keys() == CHECKS.keys()
