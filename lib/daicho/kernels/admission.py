"""Get a kernel its ticket from the running gate: the narrowest role that allows what the kernel is for, bound to its process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from daicho.core.config import ROLES, Config
from daicho.core.errors import DisclosureError
from daicho.gate.client import GateClient
from daicho.gate.profiles import load_disclosure
from daicho.gate.roles import profiles_for
from daicho.gate.runtime_dir import find_address
from daicho.kernels.ticket import LaunchTicket, make_ticket


def obtain_ticket(
    config: Config,
    *,
    gate: GateClient,
    pid: int,
    work_dir: Path,
    profiles: Sequence[str],
    purpose: str,
    run_id: str,
    extracts: Iterable[Path] = (),
    least_role: str = ROLES[0],
) -> LaunchTicket:
    """Have the gate mint a launch token for one process and return the ticket that carries it. The first profile is the default.

    `gate` is an administrator's connection. Raises DisclosureError when none of the user's roles allows these profiles.
    """
    token = gate.mint_token(
        role=role_for(profiles, held=gate.role.split("+"), contracts_dir=config.contracts_dir, least_role=least_role),
        profiles=profiles,
        default_profile=profiles[0],
        purpose=purpose,
        run_id=run_id,
        pid=pid,
    )
    return make_ticket(config, gate_socket=find_address(config).socket, token=token, work_dir=work_dir, extracts=extracts)


def role_for(profiles: Sequence[str], *, held: Sequence[str], contracts_dir: Path, least_role: str = ROLES[0]) -> str:
    """Return the narrowest of the held roles, from `least_role` on, that may ask for all the profiles.

    Raises DisclosureError when there is none.
    """
    rules = load_disclosure(contracts_dir)
    for role in ROLES[ROLES.index(least_role) :]:
        if role in held and set(profiles) <= profiles_for([role], rules):
            return role
    needed = "" if least_role == ROLES[0] else f" as {least_role.replace('_', '-')}"
    raise DisclosureError(f"no role you hold may ask for {', '.join(profiles)}{needed}: ask for a grant in daicho.toml ([[roles]]).")
