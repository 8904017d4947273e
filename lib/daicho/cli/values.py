"""What several commands take and give alike: NAME=VALUE options, and files that appear whole."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from daicho.core.errors import UsageError

_NEXT_FILTER = re.compile(r"[a-z][a-z0-9_]*=")


def pairs(items: Sequence[str]) -> dict[str, str]:
    """Options of the form NAME=VALUE. Raises UsageError for another form, and for a name given twice."""
    found: dict[str, str] = {}
    for item in items:
        name, separator, value = item.partition("=")
        if not separator or not name:
            raise UsageError(f"{item} is not of the form NAME=VALUE.")
        if name in found:
            raise UsageError(f"{name} is given twice: give it once.")
        found[name] = value
    return found


def named_filters(items: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Filters of the form K=V[,V]: values of one name add up, also over several options, and K=V,L=W names two. Raises UsageError."""
    found: dict[str, dict[str, None]] = {}
    for item in items:
        name = ""
        for position, part in enumerate(item.split(",")):
            if position == 0 or _NEXT_FILTER.match(part):
                name, separator, part = part.partition("=")
                if not separator or not name.strip():
                    raise UsageError(f"{item} is not of the form NAME=VALUE[,VALUE].")
            if not part.strip():
                raise UsageError(f"{item} has an empty value: give NAME=VALUE[,VALUE].")
            found.setdefault(name.strip(), {})[part.strip()] = None
    return {name: tuple(values) for name, values in found.items()}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears complete or not at all. Raises UsageError when it cannot be written."""
    failed = ""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)  # a device or a pipe
            return
        with aside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink()
        failed = error.strerror or type(error).__name__
    if failed:
        raise UsageError(f"{path} cannot be written ({failed}): check the folder's owner and the disk's free space, or name another file.")
