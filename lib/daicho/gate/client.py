"""A client of the gate: the command line with the administrators' token, or a sealed kernel with its launch token."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from daicho.core.config import Config
from daicho.core.errors import DisclosureError, UsageError, VaultError
from daicho.gate.protocol import BODY_LIMIT, HEADER_LIMIT, ConnectionClosed, Frame, ProtocolError, raise_refusal, receive_frame, send_frame
from daicho.gate.release import Release, release_from_bytes
from daicho.gate.runtime_dir import find_address

PROTOCOL = 1
NOT_RUNNING = "the gate of this workspace is not running: start it with `daicho gate`."


class GateClient:
    """One connection to the gate. It holds the socket and what the gate said about the session, never a token. Safe for threads."""

    def __init__(self, connection: socket.socket, session: Mapping[str, Any]) -> None:
        self.connection = connection
        self.user = str(session["user"])
        self.role = str(session["role"])
        self.profiles: tuple[str, ...] = tuple(session["profiles"])
        self.default_profile = str(session["default_profile"])
        self.purpose = str(session["purpose"])
        self.run_id = str(session["run_id"])
        self._turn = threading.Lock()

    @classmethod
    def connect(cls, config: Config, *, token: str | None = None) -> GateClient:
        """Connect to the running gate of a workspace; without a token, as an administrator. Raises VaultError when no gate runs."""
        address = find_address(config)
        if token is None:
            token = _admin_token(address.admin)
        return cls.connect_path(address.socket, token)

    @classmethod
    def connect_path(cls, path: Path | str, token: str) -> GateClient:
        """Connect to a socket and show a token. Raises VaultError when nobody listens, DisclosureError when the token is not admitted."""
        return cls.introduce(_connected(path), token)

    @classmethod
    def introduce(cls, connection: socket.socket, token: str) -> GateClient:
        """Show a token over a socket that is connected already. Closes the socket and raises DisclosureError when it is not admitted."""
        try:
            session = _exchange(connection, {"token": token, "protocol": PROTOCOL}).header["result"]
        except BaseException:
            connection.close()
            raise
        return cls(connection, session)

    @classmethod
    def from_connection(cls, connection: socket.socket) -> GateClient:
        """Adopt a connection whose handshake is done."""
        return cls(connection, _exchange(connection, {"op": "session"}).header["result"])

    def measure(
        self,
        name: str,
        *,
        by: str | Sequence[str] = (),
        where: Mapping[str, str | Sequence[str]] | None = None,
        fiscal_year: int | None = None,
        as_of: date | str | None = None,
        snapshot: int | None = None,
        profile: str | None = None,
        purpose: str = "",
        **parameters: str | int | date | None,
    ) -> Release:
        """Ask for one release. Filters are codes or labels. Raises UsageError for what is not in the catalogue (saying what, where the
        catalogue shows it), DisclosureError for what profile or role do not allow (beginning with the measure's name)."""
        given = {"fiscal_year": fiscal_year, "as_of": as_of, **parameters}
        request = {
            "op": "measure",
            "measure": name,
            "by": [by] if isinstance(by, str) and by else list(by),
            "where": {key: [value] if isinstance(value, str) else list(value) for key, value in (where or {}).items()},
            "parameters": {
                key: value.isoformat() if isinstance(value, date) else value for key, value in given.items() if value is not None
            },
            "snapshot": snapshot,
            "profile": profile,
            "purpose": purpose,
        }
        refused: DisclosureError | UsageError
        try:
            return release_from_bytes(self._ask(request).body)
        except (DisclosureError, UsageError) as error:
            refused = error
        if isinstance(refused, DisclosureError):
            raise DisclosureError(f"{name}: {refused}")
        raise UsageError(self._explain(request) or str(refused))

    def worklist(
        self,
        name: str,
        *,
        where: Mapping[str, str | Sequence[str]] | None = None,
        snapshot: int | None = None,
        purpose: str = "",
        **parameters: str | int | date | None,
    ) -> dict[str, Any]:
        """Have the gate write a worklist; return `file` (its name in the worklists folder), `rows`, or `fewer_than` where they are masked.

        Only for officers and report runners at the command line; a kernel is refused."""
        request = {
            "op": "worklist",
            "worklist": name,
            "where": {key: [value] if isinstance(value, str) else list(value) for key, value in (where or {}).items()},
            "parameters": {
                key: value.isoformat() if isinstance(value, date) else value for key, value in parameters.items() if value is not None
            },
            "snapshot": snapshot,
            "purpose": purpose,
        }
        made: dict[str, Any] = self._ask(request).header["result"]
        return made

    def close_month(self, month: int, *, accept_blocked: bool = False, purpose: str = "") -> dict[str, Any]:
        """Have the gate close a month of payment (YYYYMM), or read a closed one again; return its totals and digest. Only for officers."""
        request = {"op": "close", "month": month, "accept_blocked": accept_blocked, "purpose": purpose}
        closed: dict[str, Any] = self._ask(request).header["result"]
        return closed

    def compliance(self, *, purpose: str = "") -> dict[str, Any]:
        """Have the gate examine itself; return results by check, statistics of acts, open points. Only for officers, and for kernels whose
        launch names the role report_runner or officer."""
        examined: dict[str, Any] = self._ask({"op": "compliance", "purpose": purpose}).header["result"]
        return examined

    def releases(self, *, profile: str | None = None) -> list[dict[str, Any]]:
        """Every recorded release (of one profile) and whether it stands. Only for officers at the command line."""
        listed: list[dict[str, Any]] = self._ask({"op": "releases", "profile": profile}).header["result"]
        return listed

    def withdraw(self, release_id: str, *, reason: str) -> dict[str, Any]:
        """Record that a release is withdrawn. What was published stays known. Only for officers at the command line."""
        withdrawn: dict[str, Any] = self._ask({"op": "withdraw", "release_id": release_id, "reason": reason}).header["result"]
        return withdrawn

    def catalogue(self) -> list[dict[str, Any]]:
        """Everything that can be asked: one entry a measure."""
        entries: list[dict[str, Any]] = self._ask({"op": "catalogue"}).header["result"]
        return entries

    def mint_token(
        self,
        *,
        role: str,
        profiles: Sequence[str],
        default_profile: str,
        purpose: str,
        run_id: str,
        user: str | None = None,
        pid: int | None = None,
    ) -> str:
        """Mint a launch token for one sealed kernel (administrators only). It works once, and only for process `pid` where given."""
        answer = self._ask(
            {
                "op": "mint",
                "role": role,
                "profiles": list(profiles),
                "default_profile": default_profile,
                "purpose": purpose,
                "run_id": run_id,
                "user": user,
                "pid": pid,
            }
        )
        return str(answer.header["result"]["token"])

    def run_releases(self, run_id: str) -> list[Release]:
        """Return the releases a run used, in the order it first used them."""
        return [self.release(release_id) for release_id in self._ask({"op": "run_releases", "run_id": run_id}).header["result"]]

    def release(self, release_id: str) -> Release:
        """Return a recorded release again, byte for byte."""
        return release_from_bytes(self._ask({"op": "release", "release_id": release_id}).body)

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> GateClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, request: Mapping[str, Any]) -> Frame:
        with self._turn:
            return _exchange(self.connection, request)

    def _explain(self, request: Mapping[str, Any]) -> str:
        """Say which word of a refused request the catalogue does not have. The gate itself never says: the catalogue is public."""
        entries = {entry["name"]: entry for entry in self.catalogue()}
        entry = entries.get(request["measure"])
        if entry is None:
            return f"there is no measure {request['measure']}; there are {', '.join(sorted(entries))}."
        for field, wanted, offered in (
            ("dimension", request["by"], _names(entry["dimensions"])),
            ("filter", request["where"], _names(entry.get("filters", entry["dimensions"]))),
            ("parameter", request["parameters"], _names(entry["parameters"])),
        ):
            for name in wanted:
                if name not in offered:
                    return f"{entry['name']} has no {field} {name}; it has {', '.join(offered) or 'none'}."
        for name in entry["required_filters"]:
            if name not in request["where"]:
                return f"{entry['name']} needs a filter on {name}: give --where {name}=… (where={{{name!r}: …}} in a notebook)."
        for parameter in entry["parameters"]:
            if isinstance(parameter, Mapping) and parameter.get("required") and parameter["name"] not in request["parameters"]:
                return f"{entry['name']} needs the parameter {parameter['name']}."
        if request["profile"] is not None and request["profile"] not in self.profiles:
            return f"there is no profile {request['profile']}; you may ask for {', '.join(self.profiles) or 'none'}."
        if request["where"]:
            return (
                f"the catalogue has no such filter value, or a parameter is out of range: the values of {', '.join(request['where'])} "
                f"are the codes and labels in data_contracts/codelists; `daicho measures {entry['name']}` shows the parameters."
            )
        return ""


def _connected(path: Path | str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
        return connection
    except OSError:
        connection.close()
    raise VaultError(NOT_RUNNING)


def _names(items: Sequence[Any]) -> list[str]:
    return [str(item["name"]) if isinstance(item, Mapping) else str(item) for item in items]


def _admin_token(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        pass
    raise VaultError(NOT_RUNNING)


def _exchange(connection: socket.socket, request: Mapping[str, Any]) -> Frame:
    frame: Frame | None = None
    try:
        send_frame(connection, request)
        frame = receive_frame(connection, header_limit=HEADER_LIMIT, body_limit=BODY_LIMIT)
    except (ConnectionClosed, ProtocolError, OSError):
        pass
    if frame is None:
        raise VaultError("the gate closed the connection: it was stopped, or the request is too large. Start it again, or ask for less.")
    raise_refusal(frame.header)
    return frame
