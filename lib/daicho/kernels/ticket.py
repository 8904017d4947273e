"""The launch ticket: what a kernel must know to be let in and shut in. It travels through a pipe, never by environment or command line."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daicho.core.errors import SealError

if TYPE_CHECKING:
    from daicho.core.config import Config

CONFIG_FILE = "daicho.toml"


@dataclass(frozen=True)
class LaunchTicket:
    """One kernel's way in: the gate's socket and a launch token good once; and its bounds: work folder, readable and protected places."""

    gate_socket: Path
    token: str = field(repr=False)
    work_dir: Path
    workspace: Path
    state_dir: Path
    readable: tuple[Path, ...]
    protected: Mapping[str, Path]
    allow_unsealed: bool

    def to_json(self) -> bytes:
        """Write the ticket for the pipe."""
        data: dict[str, Any] = {
            "gate_socket": str(self.gate_socket),
            "token": self.token,
            "work_dir": str(self.work_dir),
            "workspace": str(self.workspace),
            "state_dir": str(self.state_dir),
            "readable": [str(path) for path in self.readable],
            "protected": {name: str(path) for name, path in self.protected.items()},
            "allow_unsealed": self.allow_unsealed,
        }
        return json.dumps(data, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, text: bytes) -> LaunchTicket:
        """Read a ticket. Raises SealError when it is incomplete: then the process that launches has ended or refused."""
        data: Any = None
        with contextlib.suppress(ValueError):
            data = json.loads(text)
        if not isinstance(data, dict) or set(data) != set(cls.__dataclass_fields__):
            raise SealError("the kernel got no launch ticket: start it with `daicho lab` or `daicho report`, not by hand.")
        return cls(
            gate_socket=Path(data["gate_socket"]),
            token=str(data["token"]),
            work_dir=Path(data["work_dir"]),
            workspace=Path(data["workspace"]),
            state_dir=Path(data["state_dir"]),
            readable=tuple(Path(path) for path in data["readable"]),
            protected={name: Path(path) for name, path in data["protected"].items()},
            allow_unsealed=data["allow_unsealed"] is True,
        )


def make_ticket(config: Config, *, gate_socket: Path, token: str, work_dir: Path, extracts: Iterable[Path] = ()) -> LaunchTicket:
    """Return a ticket for one kernel of a workspace. `extracts` names folders of extracts, where they are known, for the self-test."""
    protected = {
        "vault": config.vault_dir,
        "keys": config.key_dir,
        "log": config.log_dir,
        "releases": config.releases_dir,
        "quarantine": config.quarantine_dir,
        "worklists": config.worklists_dir,
        "gate": gate_socket.parent,
    }
    protected |= {f"extracts-{number}": path for number, path in enumerate(extracts, start=1)}
    return LaunchTicket(
        gate_socket=gate_socket,
        token=token,
        work_dir=work_dir,
        workspace=config.root,
        state_dir=config.state_dir,
        readable=(config.root / CONFIG_FILE, config.contracts_dir, config.templates_dir),
        protected=protected,
        allow_unsealed=config.allow_unsealed,
    )
