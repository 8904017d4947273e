"""What an administrator installs so that due plans run unattended: systemd units, hardened, or a line for cron."""

from __future__ import annotations

import grp
import pwd
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from daicho.core.config import Config

QUARTER_HOUR = "*/15 * * * *"
# Kernels confine themselves further (Landlock); the services may read the system, write the workspace and reach no other machine.
_HARDENED = """NoNewPrivileges=yes
UMask=0077
ProtectSystem=strict
ReadWritePaths={root}
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
PrivateNetwork=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
CapabilityBoundingSet=
SystemCallArchitectures=native
SystemCallFilter=@system-service landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp
LimitCORE=0"""

_UNITS: Mapping[str, str] = {
    "daicho-gate.service": """[Unit]
Description=daicho: the gate, sole reader of the vault

[Service]
Type=exec
User={user}
Group={group}
WorkingDirectory={root}
ExecStart={command} gate
Restart=on-failure
RuntimeDirectory=daicho
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
Environment=XDG_RUNTIME_DIR=/run/daicho
{hardened}

[Install]
WantedBy=multi-user.target
""",
    "daicho-due.service": """[Unit]
Description=daicho: reports that are due
Wants=daicho-gate.service
After=daicho-gate.service

[Service]
Type=oneshot
User={user}
Group={group}
WorkingDirectory={root}
ExecStart={command} run --due
RuntimeDirectory=daicho
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
Environment=XDG_RUNTIME_DIR=/run/daicho
Nice=10
{hardened}
""",
    "daicho-due.timer": """[Unit]
Description=daicho: look for due reports every quarter of an hour, and after downtime

[Timer]
OnCalendar=*:00/15
Persistent=true

[Install]
WantedBy=timers.target
""",
    # The catalogue is renamed into place by every intake: what waited for an extract is made at once.
    "daicho-due.path": """[Unit]
Description=daicho: look for due reports when extracts have been taken in

[Path]
PathChanged={vault}
Unit=daicho-due.service

[Install]
WantedBy=paths.target
""",
}


def _program(config: Config) -> list[str]:
    return [str(Path(sys.executable).parent / "daicho"), "--workspace", str(config.root)]


def crontab_lines(config: Config) -> str:
    """A line for the crontab of the workspace's owner: every quarter of an hour."""
    # A percent sign ends a crontab command unless it is escaped.
    return f"{QUARTER_HOUR} {shlex.join([*_program(config), 'run', '--due'])}".replace("%", r"\%")


def unit_files(config: Config) -> dict[str, str]:
    """The units by file name, for the user who owns the workspace."""
    owner = config.root.stat()
    root = _quoted(str(config.root))
    values = {
        "user": _name(owner.st_uid, groups=False),
        "group": _name(owner.st_gid, groups=True),
        "root": root,
        "command": " ".join(_quoted(word) for word in _program(config)),
        "vault": _quoted(str(config.vault_dir / "catalog.json")),
        "hardened": _HARDENED.format(root=root),
    }
    return {name: unit.format(**values) for name, unit in _UNITS.items()}


def systemd_units(config: Config) -> str:
    """All units, each under a comment with the path it belongs at."""
    return "\n".join(f"# /etc/systemd/system/{name}\n{text}" for name, text in unit_files(config).items())


def _quoted(text: str) -> str:
    """A word of a unit file: % is doubled, quotes around anything that is not plain."""
    escaped = text.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if any(mark in text for mark in " \"'\\;") else escaped


def _name(number: int, *, groups: bool) -> str:
    try:
        return grp.getgrgid(number).gr_name if groups else pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
