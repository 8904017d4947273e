"""Bytes on the gate's socket: whatever an admitted or unknown peer sends, the gate stays up, answers in one shape and tells nothing.

The fuzzer is seeded (derandomize): a failure on one machine is a failure on all.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gate.toy import CHILDREN, NOW, launched, make_workspace, serving

from daicho.core.config import Config
from daicho.gate.access_log import AccessLog
from daicho.gate.audit import audit_gate
from daicho.gate.client import GateClient
from daicho.gate.protocol import BODY_LIMIT, HEADER_LIMIT, REQUEST_LIMIT, Frame, receive_frame
from daicho.gate.request import NOT_IN_VOCABULARY
from daicho.gate.server import GateServer

LENGTHS = struct.Struct(">II")
PURPOSE = "a purpose is one line of at most 500 characters."
SHAPE = {"outcome", "error", "message", "result"}
FUZZ = settings(max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
FIELDS = (
    "op",
    "measure",
    "worklist",
    "by",
    "where",
    "parameters",
    "snapshot",
    "profile",
    "purpose",
    "month",
    "release_id",
    "run_id",
    "pid",
)
OPERATIONS = (
    *("measure", "worklist", "close", "session", "catalogue", "mint", "run_releases", "release"),
    *("", "MEASURE", "mea\u200bsure", "compliance"),
)

texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["residents", "district", "A", "芝", "Ａ", "A\u200b", "../x", "' OR 1=1 --", "\u202eecalp", "a\x00b", "é", "e\u0301", "x" * 600]
    ),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
headers = st.dictionaries(st.sampled_from(FIELDS), values, max_size=6).flatmap(
    lambda body: st.sampled_from(OPERATIONS).map(lambda operation: {"op": operation, **body})
)


class Failures(logging.Handler):
    """What the gate notes of failures it did not foresee."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.notes.append(record.getMessage())


@pytest.fixture(scope="module")
def failures() -> Iterator[Failures]:
    handler, log = Failures(), logging.getLogger("daicho.gate")
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, failures: Failures) -> Iterator[tuple[Config, GateServer, GateClient]]:
    config = make_workspace(tmp_path_factory.mktemp("wire"))
    with serving(config) as server, GateClient.connect(config) as admin:
        yield config, server, admin


Gate = tuple[Config, GateServer, GateClient]


def framed(header: bytes, *, body: int = 0) -> bytes:
    return LENGTHS.pack(len(header), body) + header


def replies(connection: socket.socket, sent: bytes) -> bytes:
    """Everything that comes back until the gate closes the connection."""
    connection.settimeout(20)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 16):
            received += part
    return received


def ask(client: GateClient, header: bytes) -> Frame:
    client.connection.sendall(framed(header))
    return receive_frame(client.connection, header_limit=HEADER_LIMIT, body_limit=BODY_LIMIT)


def log_of(config: Config) -> list[dict[str, Any]]:
    return list(AccessLog(config.log_dir, clock=lambda: NOW).entries())


def is_up(admin: GateClient) -> bool:
    children = sum(count for sexes in CHILDREN.values() for count, _ in sexes.values())
    return bool(admin.measure("residents").frame["residents_count"].to_list() == [children])


@FUZZ
@given(sent=st.binary(max_size=300))
def test_random_bytes_of_a_stranger_get_no_byte_back(gate: Gate, sent: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(gate[1].address.socket))
        assert replies(peer, sent) == b""


@FUZZ
@given(token=st.one_of(values, st.just("0" * 64)), protocol=values, more=st.dictionaries(texts, values, max_size=2))
def test_no_handshake_but_the_right_one_admits_anyone_and_all_refusals_are_the_same_bytes(
    gate: Gate, token: object, protocol: object, more: dict[str, object]
) -> None:
    sent = framed(json.dumps({**more, "token": token, "protocol": protocol}).encode())
    with socket.socket(socket.AF_UNIX) as peer, socket.socket(socket.AF_UNIX) as other:
        for connection in (peer, other):
            connection.connect(str(gate[1].address.socket))
        answer, usual = replies(peer, sent), replies(other, framed(b'{"token":"x","protocol":1}'))
    assert answer == usual and b"DisclosureError" in answer


@FUZZ
@given(header=headers)
def test_any_request_of_an_admitted_session_gets_an_answer_of_the_one_shape(gate: Gate, header: dict[str, object]) -> None:
    config, _, admin = gate
    with launched(config, admin) as client:
        frame = ask(client, json.dumps(header).encode())
        assert set(frame.header) == SHAPE and frame.body[:4] == b"\xff\xff\xff\xff"
        assert frame.header["outcome"] in ("released", "refused", "done")
        if header["op"] in ("mint", "worklist", "close", "") or header["op"] not in OPERATIONS[:8]:
            assert (frame.header["error"], frame.header["message"]) == ("UsageError", NOT_IN_VOCABULARY)


WRONG: tuple[object, ...] = (None, True, 0, -1, 1.5, 10**30, "", "x", "x" * 5000, [], [[]], [None], {}, {"x": []}, [{"a": 1}], "\x00", "Ａ")
SOUND: dict[str, object] = {
    "op": "measure", "measure": "residents", "by": ["district"], "where": {"district": ["A"]}, "parameters": {"as_of": "2026-04-01"},
    "snapshot": 1, "profile": "internal", "purpose": "試験",
}  # fmt: skip


@pytest.mark.parametrize("field", SOUND)
def test_a_value_of_the_wrong_type_in_any_field_is_refused_with_one_sentence_or_does_nothing(gate: Gate, field: str) -> None:
    config, _, admin = gate
    with launched(config, admin) as client:
        assert ask(client, json.dumps(SOUND).encode()).header["outcome"] == "released"
        for wrong in WRONG:
            for header in ({**SOUND, field: wrong}, *([{**SOUND, field: {"district": wrong}}] if field in ("where", "parameters") else [])):
                answer = ask(client, json.dumps(header).encode()).header
                assert set(answer) == SHAPE
                assert answer["message"] in (("",) if answer["outcome"] != "refused" else (NOT_IN_VOCABULARY, PURPOSE))


BROKEN: dict[str, bytes] = {
    "a length of nothing": LENGTHS.pack(0, 0),
    "a length of four gigabytes": LENGTHS.pack(0xFFFFFFFF, 0) + b"{}",
    "a length just above the limit": LENGTHS.pack(REQUEST_LIMIT + 1, 0) + b"{" * 100,
    "a body where none may be": framed(b"{}", body=1) + b"x",
    "a body of four gigabytes": framed(b"{}", body=0xFFFFFFFF),
    "a frame cut off": framed(b'{"op":"session"}')[:-3],
    "a length cut off": LENGTHS.pack(10, 0)[:5],
    "a list": framed(b'[{"op":"session"}]'),
    "deep lists": framed(b'{"op":' + b"[" * 900 + b"]" * 900 + b"}"),
    "deeper lists": framed(b'{"op":' + b"[" * 30_000 + b"]" * 30_000 + b"}"),
    "deep objects": framed(b'{"op":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}"),
    "half a character": framed(rb'{"op":"measure","measure":"\ud800"}'),
    "half a character as a key": framed(rb'{"op":"measure","\udfff":1}'),
    "half a character as an operation": framed(rb'{"op":"\ud83d"}'),
    "half a character in a purpose": framed(rb'{"op":"measure","measure":"residents","purpose":"\udc80"}'),
    "bytes that are no text": framed(b'{"op":"\xff\xfe"}'),
    "text in another encoding": framed('{"op":"session"}'.encode("utf-16")),
    "an overlong slash": framed(b'{"op":"\xc0\xaf"}'),
    "no number": framed(b'{"op":"measure","snapshot":NaN}'),
    "a number without end": framed(b'{"op":"measure","snapshot":Infinity}'),
    "a number too large for any": framed(b'{"op":"measure","snapshot":1e999}'),
    "a number of too many digits": framed(b'{"op":"measure","snapshot":' + b"9" * 6000 + b"}"),
    "two objects": framed(b"{}{}"),
    "a byte-order mark": framed(b"\xef\xbb\xbf{}"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_frame_ends_the_session_is_logged_and_gets_no_answer(gate: Gate, what: str) -> None:
    config, _, admin = gate
    with launched(config, admin) as client:
        assert replies(client.connection, BROKEN[what]) == b""
    last = log_of(config)[-1]
    assert (last["request"], last["outcome"], last["role"]) == ({"op": "frame"}, "refused:ProtocolError", "analyst")
    assert is_up(admin)


def test_the_same_key_twice_means_the_last_and_is_logged_as_it_was_understood(gate: Gate) -> None:
    config, _, admin = gate
    with launched(config, admin) as client:
        answer = ask(client, b'{"op":"session","op":"measure","measure":"nothing","measure":"residents"}')
    assert answer.header["outcome"] == "released" and log_of(config)[-1]["request"] == {"measure": "residents", "op": "measure"}


def test_a_large_request_is_logged_by_its_size_alone(gate: Gate) -> None:
    config, _, admin = gate
    with launched(config, admin) as client:
        ask(client, json.dumps({"op": "measure", "measure": "residents", "where": {"district": ["x" * 200] * 200}}).encode())
    assert set(log_of(config)[-1]["request"]) == {"op", "characters"}


def test_after_all_of_it_the_gate_is_up_its_record_holds_and_no_failure_was_unforeseen(gate: Gate, failures: Failures) -> None:
    config, server, admin = gate
    assert is_up(admin) and audit_gate(config) == ()
    assert failures.notes == []
    assert {path.name for path in Path(server.address.socket.parent).iterdir()} == {"gate.sock", "gate.admin"}
    assert len(os.listdir("/proc/self/fd")) < 200  # noqa: PTH208 - no descriptor leaks
