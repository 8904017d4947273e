"""Who may ask for which profile: roles granted in configuration, and the workspace's creator until any is granted."""

from __future__ import annotations

import pwd
from collections.abc import Collection
from datetime import date

from daicho.core.config import ROLES, Config
from daicho.core.errors import DisclosureError
from daicho.gate.profiles import DisclosureRules, Profile


def user_name(uid: int) -> str:
    """Name of an operating-system user; the number itself when the system knows no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def workspace_creator(config: Config) -> str:
    """The user who created the workspace: the owner of its state folder, which the first intake made."""
    return user_name((config.state_dir if config.state_dir.exists() else config.root).stat().st_uid)


def roles_of(user: str, *, config: Config, today: date) -> frozenset[str]:
    """Return the roles a user holds on a day. Until any role is granted, the creator holds all of them."""
    if not config.roles:
        return frozenset(ROLES) if user == workspace_creator(config) else frozenset()
    return frozenset(
        grant.role for grant in config.roles if grant.user == user and (grant.valid_until is None or today <= grant.valid_until)
    )


def require_roles(user: str, *, config: Config, today: date) -> frozenset[str]:
    """Return the roles a user holds. Raises DisclosureError when there is none, or all have expired."""
    held = roles_of(user, config=config, today=today)
    if not held:
        raise DisclosureError(f"user {user} holds no valid role in this workspace: ask for a grant in daicho.toml ([[roles]]).")
    return held


def profiles_for(roles: Collection[str], rules: DisclosureRules) -> frozenset[str]:
    """Names of the profiles that any of the roles may ask for."""
    return frozenset(name for name, profile in rules.profiles.items() if profile.roles & frozenset(roles))


def require_profile(profile: Profile, *, user: str, allowed: Collection[str]) -> None:
    """Raise DisclosureError unless the profile is among those the caller may ask for."""
    if profile.name not in allowed:
        raise DisclosureError(
            f"user {user} may not ask for the profile {profile.name} here: neither the role nor the launch allows it. "
            f"Allowed are {', '.join(sorted(allowed)) or 'none'}."
        )
