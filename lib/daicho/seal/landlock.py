"""Landlock: the file-system, TCP and scope rules of one process, given up for good.

Source: Documentation/userspace-api/landlock.rst of Linux 6.15 and include/uapi/linux/landlock.h (ABI 1 to 7).
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

from daicho.seal.system_calls import call

LEAST_ABI = 4
"""The first ABI that can deny TCP."""
SCOPED_ABI = 6
"""The first ABI that keeps signals and abstract Unix sockets inside."""

_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_NET_BIND_TCP, _NET_CONNECT_TCP = 1 << 0, 1 << 1
_SCOPE_ABSTRACT_UNIX_SOCKET, _SCOPE_SIGNAL = 1 << 0, 1 << 1


class Access(IntFlag):
    """File-system rights, in the order in which the ABIs brought them."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


READ = Access.READ_FILE | Access.READ_DIR
READ_AND_RUN = READ | Access.EXECUTE
WRITE_FILE_ONLY = Access.READ_FILE | Access.WRITE_FILE
WORK = (
    READ | Access.WRITE_FILE | Access.TRUNCATE | Access.MAKE_REG | Access.MAKE_DIR | Access.REMOVE_FILE | Access.REMOVE_DIR | Access.REFER
)
"""Ordinary files and folders. No symbolic links: whoever collects the work folder, unsealed, must not be led elsewhere."""
LISTEN = Access.READ_FILE | Access.MAKE_SOCK | Access.REMOVE_FILE
"""Listen on a socket in a folder, and read what lies there."""

_OF_FILES = Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE | Access.IOCTL_DEV


@dataclass(frozen=True)
class PathRule:
    """The rights on a path and everything beneath it."""

    path: Path
    access: Access


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64), ("handled_access_net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def landlock_abi() -> int:
    """Return the running kernel's Landlock ABI; 0 where Landlock is missing or switched off."""
    try:
        return call("landlock_create_ruleset", None, 0, _CREATE_RULESET_VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def rights_of(abi: int) -> Access:
    """All file-system rights an ABI knows: a right that is not handled is not denied, so all of them must be."""
    known = ~Access(0)
    if abi < 5:
        known &= ~Access.IOCTL_DEV
    if abi < 3:
        known &= ~Access.TRUNCATE
    if abi < 2:
        known &= ~Access.REFER
    return known


def restrict_files_and_network(rules: Iterable[PathRule], *, abi: int) -> None:
    """Deny this thread every file right the rules do not give, TCP, and (from ABI 6) signals and abstract sockets of others.

    The process must have no_new_privs. A rule whose path is absent gives nothing. Raises OSError when a call fails.
    """
    handled = rights_of(abi)
    attributes = _RulesetAttributes(
        handled_access_fs=int(handled),
        handled_access_net=_NET_BIND_TCP | _NET_CONNECT_TCP,
        scoped=_SCOPE_ABSTRACT_UNIX_SOCKET | _SCOPE_SIGNAL,
    )
    size = 24 if abi >= SCOPED_ABI else 16
    ruleset = call("landlock_create_ruleset", ctypes.byref(attributes), size, 0)
    try:
        for rule in rules:
            _add_rule(ruleset, rule, handled=handled)
        call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _add_rule(ruleset: int, rule: PathRule, *, handled: Access) -> None:
    try:
        descriptor = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        access = rule.access & handled
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _OF_FILES
        beneath = _PathBeneath(allowed_access=int(access), parent_fd=descriptor)
        call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, ctypes.byref(beneath), 0)
    finally:
        os.close(descriptor)
