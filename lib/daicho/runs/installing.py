"""What an administrator installs so that due plans run unattended."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from daicho.core.config import Config


def _command(config: Config) -> list[str]:
    return [str(Path(sys.executable).parent / "daicho"), "--workspace", str(config.root), "run", "--due"]


def crontab_lines(config: Config) -> str:
    """Lines for crontab: every day at 06:30."""
    # A percent sign ends a crontab command unless it is escaped.
    return f"30 6 * * * {shlex.join(_command(config))}".replace("%", r"\%")


def systemd_units(config: Config) -> str:
    """A service and a timer unit: every day at 06:30, made up for after downtime."""
    root = str(config.root).replace("%", "%%")
    command = " ".join(f'"{word}"' if " " in word else word for word in _command(config)).replace("%", "%%")
    return f"""# /etc/systemd/system/daicho-due.service
[Unit]
Description=daicho: reports that are due

[Service]
Type=oneshot
WorkingDirectory={root}
ExecStart={command}
NoNewPrivileges=yes
PrivateTmp=no
UMask=0077

# /etc/systemd/system/daicho-due.timer
[Unit]
Description=daicho: every morning

[Timer]
OnCalendar=*-*-* 06:30:00
Persistent=true

[Install]
WantedBy=timers.target"""
