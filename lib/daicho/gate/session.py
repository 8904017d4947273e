"""One connection to the gate: a handshake that says who asks, then requests until the client leaves."""

from __future__ import annotations

import hmac
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from daicho.core.config import Config
from daicho.core.errors import DaichoError, DisclosureError, UsageError
from daicho.gate.access_log import AccessLog, Caller, Clock
from daicho.gate.answer import DEFAULT_PROFILE, Answers
from daicho.gate.closes import Closes
from daicho.gate.compliance import Compliance
from daicho.gate.engine import Engine
from daicho.gate.failures import FAILED, note_failure
from daicho.gate.peers import Peer, peer_of, terminal_of
from daicho.gate.profiles import DisclosureRules
from daicho.gate.protocol import (
    REQUEST_LIMIT,
    Answer,
    ConnectionClosed,
    ProtocolError,
    answer_to_frame,
    receive_frame,
    refusal,
    send_frame,
)
from daicho.gate.release_ledger import ReleaseLedger
from daicho.gate.request import NOT_IN_VOCABULARY, checked_purpose, is_run_id
from daicho.gate.revocation import Revocation
from daicho.gate.roles import profiles_for, require_roles, roles_of, user_name
from daicho.gate.tokens import LaunchTokens
from daicho.gate.worklists import Worklists

PROTOCOL = 1
NOT_ADMITTED = "the gate does not admit this connection: its token is unknown, used up, expired or another process's."
HANDSHAKE_SECONDS = 60.0  # a kernel connects first, seals itself, and only then shows its token
SEND_SECONDS = 120.0


@dataclass(frozen=True)
class Office:
    """What every session works with."""

    config: Config
    engine: Engine
    rules: DisclosureRules
    answers: Answers
    worklists: Worklists
    closes: Closes
    compliance: Compliance
    revocation: Revocation
    ledger: ReleaseLedger
    log: AccessLog
    tokens: LaunchTokens
    admin_token: str
    clock: Clock


def attend(connection: socket.socket, office: Office) -> None:
    """Serve one connection to its end. Whatever the peer sends, only this connection can suffer."""
    try:
        peer = peer_of(connection)
        connection.settimeout(HANDSHAKE_SECONDS)
        caller = _admit(connection, peer, office)
        if caller is None:
            return
        connection.settimeout(None)
        while True:
            answer = _answer(_next_request(connection, caller, office), caller, office)
            connection.settimeout(SEND_SECONDS)
            _send(connection, answer)
            connection.settimeout(None)
    except (ConnectionClosed, ProtocolError, OSError):
        return
    except Exception as error:
        note_failure(error)


def _next_request(connection: socket.socket, caller: Caller, office: Office) -> Mapping[str, Any]:
    """The next request of an admitted session. What is no frame ends the session, and the log says so."""
    try:
        return receive_frame(connection, header_limit=REQUEST_LIMIT, body_limit=0).header
    except ProtocolError:
        office.log.record(caller, request={"op": "frame"}, outcome="refused:ProtocolError")
        raise


def _admit(connection: socket.socket, peer: Peer, office: Office) -> Caller | None:
    header = receive_frame(connection, header_limit=REQUEST_LIMIT, body_limit=0).header
    user = user_name(peer.uid)
    nobody = Caller(uid=peer.uid, user=user, terminal=terminal_of(peer))
    try:
        caller = _identify(header, peer, nobody, office)
    except DaichoError as error:
        office.log.record(nobody, request={"op": "connect"}, outcome=f"refused:{type(error).__name__}")
        _send(connection, refusal(error))
        return None
    _send(connection, Answer(outcome="done", result=_description(caller, office)))
    return caller


def _description(caller: Caller, office: Office) -> dict[str, Any]:
    """What a client may know about its own session."""
    return {
        "user": caller.user,
        "role": caller.role,
        "profiles": sorted(office.answers.allowed_profiles(caller)),
        "default_profile": caller.default_profile,
        "purpose": caller.purpose,
        "run_id": caller.run_id,
    }


def _identify(header: Mapping[str, Any], peer: Peer, nobody: Caller, office: Office) -> Caller:
    token = header.get("token")
    if peer.uid != os.getuid() or header.keys() != {"token", "protocol"} or header["protocol"] != PROTOCOL or not isinstance(token, str):
        raise DisclosureError(NOT_ADMITTED)
    if hmac.compare_digest(token.encode("utf-8", "surrogatepass"), office.admin_token.encode()):
        held = require_roles(nobody.user, config=office.config, today=office.clock().date())
        profiles = profiles_for(held, office.rules)
        return replace(nobody, role="+".join(sorted(held)), profiles=profiles, default_profile=DEFAULT_PROFILE, is_admin=True)
    launched = office.tokens.redeem(token, pid=peer.pid)
    if launched is None:
        raise DisclosureError(NOT_ADMITTED)
    return launched


def _answer(header: Mapping[str, Any], caller: Caller, office: Office) -> Answer:
    operation = header.get("op")
    if operation == "measure":
        return office.answers.measure(header, caller)
    if operation == "close":
        return office.closes.make(header, caller)
    if operation == "worklist":
        return office.worklists.make(header, caller)
    if operation == "compliance":
        return office.compliance.make(header, caller)
    try:
        act = _OPERATIONS.get(operation) if isinstance(operation, str) else None
        if act is None:
            raise UsageError(NOT_IN_VOCABULARY)
        return act(header, caller, office)
    except DaichoError as error:
        refused, outcome = error, f"refused:{type(error).__name__}"
    except Exception as error:
        note_failure(error)
        refused, outcome = FAILED, f"failed:{type(error).__name__}"
    office.log.record(caller, request={"op": str(operation)[:40]}, outcome=outcome)
    return refusal(refused)


def _session(header: Mapping[str, Any], caller: Caller, office: Office) -> Answer:
    return Answer(outcome="done", result=_description(caller, office))


def _catalogue(header: Mapping[str, Any], caller: Caller, office: Office) -> Answer:
    return Answer(outcome="done", result=[dict(spec.card) for _, spec in sorted(office.engine.measures().items())])


def _mint(header: Mapping[str, Any], caller: Caller, office: Office) -> Answer:
    """Mint a launch token: only for an administrator, never for more than the user's roles allow."""
    wanted = {"op", "role", "profiles", "default_profile", "purpose", "run_id", "user", "pid"}
    if not caller.is_admin or set(header) != wanted:
        raise UsageError(NOT_IN_VOCABULARY)
    user, role, profiles, default, pid = (header[name] for name in ("user", "role", "profiles", "default_profile", "pid"))
    user = caller.user if user is None else user
    if not isinstance(user, str) or not isinstance(role, str) or not isinstance(default, str) or not _is_pid(pid):
        raise UsageError(NOT_IN_VOCABULARY)
    if not isinstance(profiles, list) or not all(isinstance(name, str) for name in profiles) or not is_run_id(header["run_id"]):
        raise UsageError(NOT_IN_VOCABULARY)
    if role not in roles_of(user, config=office.config, today=office.clock().date()):
        raise DisclosureError(f"user {user} does not hold the role {role}, or no longer: ask for a grant in daicho.toml ([[roles]]).")
    allowed = profiles_for([role], office.rules)
    if not set(profiles) <= allowed or default not in profiles:
        raise DisclosureError(
            f"the role {role} may ask for {', '.join(sorted(allowed))}: "
            "the launch names another profile, or a default outside its own list."
        )
    launched = Caller(
        uid=caller.uid,
        user=user,
        role=role,
        terminal=caller.terminal,
        purpose=checked_purpose(header["purpose"]),
        run_id=str(header["run_id"]),
        profiles=frozenset(profiles),
        default_profile=default,
        is_admin=False,
    )
    token = office.tokens.mint(launched, pid=pid)
    office.log.record(launched, request={"op": "launch", "profiles": sorted(profiles), "by": caller.user}, outcome="launched")
    return Answer(outcome="done", result={"token": token})


def _run_releases(header: Mapping[str, Any], caller: Caller, office: Office) -> Answer:
    run_id = header.get("run_id")
    if set(header) != {"op", "run_id"} or not is_run_id(run_id) or not (caller.is_admin or run_id == caller.run_id):
        raise UsageError(NOT_IN_VOCABULARY)
    return Answer(outcome="done", result=list(office.ledger.of_run(str(run_id))))


def _stored_release(header: Mapping[str, Any], caller: Caller, office: Office) -> Answer:
    """Return a recorded release again: to a run its own, to an administrator those of the profiles allowed to him."""
    release_id = header.get("release_id")
    recorded = office.ledger.find(release_id) if isinstance(release_id, str) else None
    if set(header) != {"op", "release_id"} or recorded is None or recorded.profile not in office.answers.allowed_profiles(caller):
        raise UsageError(NOT_IN_VOCABULARY)
    if not caller.is_admin and recorded.release_id not in office.ledger.of_run(caller.run_id):
        raise UsageError(NOT_IN_VOCABULARY)
    body = office.ledger.read(recorded.release_id)
    office.log.record(
        caller,
        request={"op": "release"},
        outcome="read_again",
        release_id=recorded.release_id,
        cells=recorded.cells,
        suppressed=recorded.suppressed_cells,
    )
    return Answer(outcome="released", result={"release_id": recorded.release_id}, body=body)


def _is_pid(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0)


def _send(connection: socket.socket, answer: Answer) -> None:
    frame = answer_to_frame(answer)
    send_frame(connection, frame.header, frame.body)


_OPERATIONS: Mapping[str, Callable[[Mapping[str, Any], Caller, Office], Answer]] = {
    "session": _session,
    "catalogue": _catalogue,
    "mint": _mint,
    "run_releases": _run_releases,
    "release": _stored_release,
    "releases": lambda header, caller, office: office.revocation.listed(header, caller),
    "withdraw": lambda header, caller, office: office.revocation.withdraw(header, caller),
}
