"""Progress of long work: a bar on a terminal, plain lines otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from tqdm import tqdm

from daicho.cli.frame import is_terminal


@contextmanager
def bytes_progress(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """A reporter of (name, bytes done, bytes in all)."""
    bars: dict[str, Any] = {}
    seen: set[str] = set()

    def report(name: str, done: int, size: int) -> None:
        if not is_terminal():
            if name not in seen:
                seen.add(name)
                click.echo(f"{title}: {name}", err=True)
            return
        if name not in bars:
            bars[name] = tqdm(total=size, desc=f"{title} {name}", unit="B", unit_scale=True, leave=False)
        bars[name].n = min(done, size)
        bars[name].refresh()

    try:
        yield report
    finally:
        for bar in bars.values():
            bar.close()


@contextmanager
def line_progress(title: str) -> Iterator[Callable[[str], None]]:
    """A reporter of steps: each is one line on standard error."""

    def report(step: str) -> None:
        click.echo(f"{title}: {step}", err=True)

    yield report
