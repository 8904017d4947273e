"""What an administrator installs so that due plans run unattended."""

from __future__ import annotations

import sys
from pathlib import Path

from daicho.core.config import Config


def _command(config: Config) -> str:
    return f"{Path(sys.executable).parent / 'daicho'} --workspace {config.root} run --due"


def crontab_lines(config: Config) -> str:
    """Lines for crontab: every day at 06:30."""
    return f"30 6 * * * {_command(config)}"


def systemd_units(config: Config) -> str:
    """A service and a timer unit: every day at 06:30, made up for after downtime."""
    return f"""# /etc/systemd/system/daicho-due.service
[Unit]
Description=daicho: reports that are due

[Service]
Type=oneshot
WorkingDirectory={config.root}
ExecStart={_command(config)}
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
