"""Messages between a client and the gate: frames of a JSON header and an optional Arrow body, both of bounded size.

    4 bytes header length · 4 bytes body length (big endian) · header (UTF-8 JSON object) · body

Every answer has the same header keys and an Arrow body, whether it releases, refuses or fails.
"""

from __future__ import annotations

import json
import math
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daicho.core.errors import DaichoError, DataError, DisclosureError, SealError, UsageError, VaultError
from daicho.gate.release import canonical_json, empty_body

HEADER_LIMIT = 1 << 20
REQUEST_LIMIT = 64 << 10
BODY_LIMIT = 256 << 20
DEPTH_LIMIT = 32
_LENGTHS = struct.Struct(">II")
_ERRORS: Mapping[str, type[DaichoError]] = {
    error.__name__: error for error in (DataError, UsageError, DisclosureError, SealError, VaultError)
}


class ProtocolError(Exception):
    """The peer sent something that is no frame; the connection is of no further use."""


class ConnectionClosed(Exception):
    """The peer closed the connection between two frames."""


@dataclass(frozen=True)
class Frame:
    """One message: a JSON object and raw bytes."""

    header: dict[str, Any]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What the gate answers. `error` names an error class ("" when there is none); `result` is small plain data."""

    outcome: str  # released | refused | done
    error: str = ""
    message: str = ""
    result: Any = None
    body: bytes = b""


def send_frame(connection: socket.socket, header: Mapping[str, Any], body: bytes = b"") -> None:
    """Send one frame. Raises OSError when the peer is gone."""
    encoded = canonical_json(header).encode()
    connection.sendall(_LENGTHS.pack(len(encoded), len(body)) + encoded)
    if body:
        connection.sendall(body)


def receive_frame(connection: socket.socket, *, header_limit: int, body_limit: int) -> Frame:
    """Read one frame. Raises ConnectionClosed at its end, ProtocolError for anything that is no frame within the limits."""
    header_length, body_length = _LENGTHS.unpack(_receive(connection, _LENGTHS.size, may_end=True))
    if not 0 < header_length <= header_limit or body_length > body_limit:
        raise ProtocolError("a frame is larger than allowed")
    encoded = _receive(connection, header_length)
    try:
        header = json.loads(encoded.decode("utf-8"))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or not _can_be_kept(header):
        raise ProtocolError("a frame has no JSON object")
    return Frame(header=header, body=_receive(connection, body_length) if body_length else b"")


def answer_to_frame(answer: Answer) -> Frame:
    """Give an answer the one shape all answers have."""
    header = {"outcome": answer.outcome, "error": answer.error, "message": answer.message, "result": answer.result}
    return Frame(header=header, body=answer.body or empty_body())


def refusal(error: DaichoError) -> Answer:
    """Turn an error into the answer that carries it."""
    return Answer(outcome="refused", error=type(error).__name__, message=str(error))


def raise_refusal(header: Mapping[str, Any]) -> None:
    """Raise the error an answer carries, if it carries one."""
    name = header.get("error")
    if name:
        raise _ERRORS.get(str(name), VaultError)(str(header.get("message", "")))


def _can_be_kept(header: dict[str, Any]) -> bool:
    """Whether a header can be written into log and answer as it came: no NaN, no half character, no nesting without end.

    Python's JSON reads all three, but what it writes of them is no JSON, or it fails: the request would end in no line of the log.
    """
    level: list[Any] = [header]
    for _ in range(DEPTH_LIMIT):
        parts = [part for value in level for part in (value.items() if isinstance(value, dict) else value)]
        if not all(isinstance(part, list | dict | tuple) or _is_plain(part) for part in parts):
            return False
        level = [part for part in parts if isinstance(part, list | dict | tuple)]
        if not level:
            return True
    return False


def _is_plain(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    try:
        return not isinstance(value, str) or bool(value.encode()) or not value
    except UnicodeEncodeError:
        return False


def _receive(connection: socket.socket, length: int, *, may_end: bool = False) -> bytes:
    received = bytearray()
    while len(received) < length:
        part = connection.recv(min(length - len(received), 1 << 20))
        if not part:
            if may_end and not received:
                raise ConnectionClosed
            raise ProtocolError("the connection ended inside a frame")
        received += part
    return bytes(received)
