"""The gate's listening half: one private Unix socket, a thread for every connection, a clean end.

One gate serves a workspace: it holds a lock for as long as it lives, so a socket found under the lock is a dead gate's and is replaced.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import selectors
import socket
import threading
from datetime import datetime
from pathlib import Path

from daicho.core.config import Config
from daicho.core.errors import UsageError, VaultError
from daicho.gate.access_log import AccessLog, Clock
from daicho.gate.answer import Answers
from daicho.gate.closes import Closes
from daicho.gate.compliance import Compliance
from daicho.gate.engine import Engine
from daicho.gate.profiles import load_disclosure
from daicho.gate.recovery import recover
from daicho.gate.release_ledger import ReleaseLedger
from daicho.gate.revocation import Revocation
from daicho.gate.runtime_dir import LOCK_FILE, Address, address_in, runtime_folder, write_address
from daicho.gate.session import Office, attend
from daicho.gate.snapshots import OpenSnapshots
from daicho.gate.tokens import LaunchTokens
from daicho.gate.witness import note_journals
from daicho.gate.worklists import Worklists

REQUEST_SECONDS = 600.0
MAX_CONNECTIONS = 128


def local_now() -> datetime:
    """The time of day with its offset from UTC, as the access log writes it."""
    return datetime.now().astimezone()


class GateServer:
    """A gate for one workspace. `serve` returns when `stop` was called, or, after `stop_when_idle`, when the last client has left."""

    def __init__(self, config: Config, *, engine: Engine, clock: Clock = local_now, request_seconds: float = REQUEST_SECONDS) -> None:
        """Take the workspace's lock, recover what a killed gate left, and listen. Raises UsageError when a gate already runs."""
        rules = load_disclosure(config.contracts_dir)
        config.log_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = take_lock(config.log_dir / LOCK_FILE)
        self._listener: socket.socket | None = None
        try:
            log = AccessLog(config.log_dir, clock=clock)
            ledger = ReleaseLedger(config.releases_dir)
            recover(log=log, ledger=ledger)
            ledger.anchor(log.position())
            note_journals(config, log=log, ledger=ledger)
            self._snapshots = OpenSnapshots(engine, timeout_seconds=request_seconds)
            answers = Answers(config, engine=engine, rules=rules, log=log, ledger=ledger, snapshots=self._snapshots, clock=clock)
            worklists = Worklists(config, engine=engine, rules=rules, log=log, snapshots=self._snapshots, clock=clock)
            folder = runtime_folder(config)
            self.address = address_in(folder)
            admin_token = secrets.token_hex(32)
            self._office = Office(
                config=config,
                engine=engine,
                rules=rules,
                answers=answers,
                worklists=worklists,
                closes=Closes(config, engine=engine, log=log, snapshots=self._snapshots, clock=clock),
                compliance=Compliance(config, engine=engine, rules=rules, log=log, ledger=ledger, clock=clock),
                revocation=Revocation(config, ledger=ledger, log=log, clock=clock),
                ledger=ledger,
                log=log,
                tokens=LaunchTokens(),
                admin_token=admin_token,
                clock=clock,
            )
            _write_private(self.address.admin, admin_token)
            self._listener = _listen(self.address)
            write_address(config, folder)
        except BaseException:
            self._release_lock()
            raise
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._is_stopping = False
        self._is_leaving = False
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._changed = threading.Lock()

    def serve(self) -> None:
        """Accept connections until told to stop, then interrupt what runs, close everything and remove the socket."""
        listener = self._listener
        if listener is None:
            raise UsageError("this gate has been closed: make another.")
        threading.Thread(target=self._snapshots.warm, name="gate-warm-up", daemon=True).start()
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(self._wake_reader, selectors.EVENT_READ)
            while not self._is_done():
                for key, _ in selector.select():
                    if key.fileobj is self._wake_reader:
                        self._wake_reader.recv(64)
                    else:
                        self._accept(listener)
        self._close()

    def stop(self) -> None:
        """End now; safe to call from a signal handler."""
        self._is_stopping = True
        self._wake()

    def stop_when_idle(self) -> None:
        """End once no client is connected: whoever else uses this gate may finish."""
        self._is_leaving = True
        self._wake()

    def _is_done(self) -> bool:
        with self._changed:
            return self._is_stopping or (self._is_leaving and not self._connections)

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        thread = threading.Thread(target=self._attend, args=(connection,), name="gate-session", daemon=True)
        with self._changed:
            if len(self._connections) >= MAX_CONNECTIONS:
                connection.close()
                return
            self._connections[connection] = thread
        thread.start()

    def _attend(self, connection: socket.socket) -> None:
        try:
            attend(connection, self._office)
        finally:
            with self._changed:
                self._connections.pop(connection, None)
            connection.close()
            self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_writer.send(b"x")

    def _close(self) -> None:
        self._snapshots.close()
        with contextlib.suppress(VaultError):
            self._office.ledger.anchor(self._office.log.position())
            note_journals(self._office.config, log=self._office.log, ledger=self._office.ledger)
        with self._changed:
            attended = list(self._connections.items())
        for connection, _ in attended:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for _, thread in attended:
            thread.join(timeout=5)
        for path in (self.address.socket, self.address.admin):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.address.socket.parent.rmdir()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._wake_reader.close()
        self._wake_writer.close()
        self._release_lock()

    def _release_lock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def take_lock(path: Path) -> int:
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle
    except OSError:
        os.close(handle)
    raise UsageError("a gate already runs for this workspace: use it, or stop it first.")


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
        file.write(text)


def _listen(address: Address) -> socket.socket:
    address.socket.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(address.socket))
        address.socket.chmod(0o600)
        listener.listen(64)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise VaultError(f"the gate cannot listen at {address.socket} ({error.strerror}).") from None
    return listener
