"""The errors a user may meet, each with its exit code.

An error's text is one plain sentence: what is wrong, where, what to do. It may hold file names, line
numbers, column names, rule names and counts. It never holds a cell value of an extract.
"""

from __future__ import annotations


class DaichoError(Exception):
    """Base of every error that `daicho` raises on purpose."""

    exit_code: int = 1


class DataError(DaichoError):
    """Data not acceptable: a contract is broken, quarantine or hold limits are exceeded (exit 1)."""

    exit_code = 1


class UsageError(DaichoError):
    """The command, its options, a parameter or the configuration is wrong (exit 2)."""

    exit_code = 2


class DisclosureError(DaichoError):
    """Disclosure or an identifier was refused, or a role does not allow the request (exit 3)."""

    exit_code = 3


class SealError(DaichoError):
    """The kernel could not be sealed (exit 4)."""

    exit_code = 4


class VaultError(DaichoError):
    """Vault or key unavailable, damaged or wrong (exit 5)."""

    exit_code = 5
