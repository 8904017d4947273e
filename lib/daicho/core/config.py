"""The workspace configuration, `daicho.toml`: read once, checked whole, frozen."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from daicho.core.check_digits import is_municipality_code
from daicho.core.errors import UsageError
from daicho.core.payment_rules import PaymentRules, read_payment_rules

CONFIG_FILE = "daicho.toml"
WORKSPACE_VARIABLE = "DAICHO_WORKSPACE"
_T = TypeVar("_T")
ROLES = ("analyst", "report_runner", "officer")

_KNOWN: Mapping[str, frozenset[str]] = {
    "municipality": frozenset({"code", "code_system", "name", "prefecture", "department", "recipient"}),
    "reports": frozenset({"language", "out"}),
    "state": frozenset({"folder", "keys"}),
    "seal": frozenset({"allow_unsealed"}),
    "intake": frozenset({"quarantine_limit", "full_dump_share", "mappings"}),
    "lab": frozenset({"port"}),
    "records": frozenset({"precedence", "only_without"}),
    "retention": frozenset({"vaccination", "access_log", "releases", "quarantine", "worklists"}),
}


CODE_SYSTEMS = ("jichitai", "other")
NO_SOURCE = "none"
"""The class of records that name no source (記録元)."""


@dataclass(frozen=True)
class RecordRule:
    """Which records of a dose count where several sources (記録元) tell of it. Codes of record_source.csv, and `none`.

    For each person and dose only the records of the best source count: the first of `precedence`; sources it does not name share the
    last place. A source in `only_without` is used only for persons without any record of the source named there.
    """

    precedence: tuple[str, ...] = ()
    only_without: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The rule in one line; empty where every record counts."""
        exceptions = [f"{source} only without {other}" for source, other in sorted(self.only_without.items())]
        return "; ".join([*([" > ".join(self.precedence)] if self.precedence else []), *exceptions])


@dataclass(frozen=True)
class RoleGrant:
    """A role given to an operating-system user until a date (inclusive); no date means it never took effect by time."""

    user: str
    role: str
    valid_until: date | None


@dataclass(frozen=True)
class Config:
    """Settings of one workspace. Paths are absolute; shares are fractions of one; retention is in years."""

    root: Path
    municipality_code: str
    municipality_name: str
    prefecture_name: str
    department: str
    prefecture_recipient: str
    language: str
    state_dir: Path
    key_dir: Path
    reports_dir: Path
    allow_unsealed: bool
    quarantine_limit: float
    full_dump_share: float
    mappings: tuple[Path, ...]
    lab_port: int
    retention: Mapping[str, int]
    roles: tuple[RoleGrant, ...]
    records: RecordRule = RecordRule()
    payments: PaymentRules = field(default_factory=PaymentRules)

    @property
    def contracts_dir(self) -> Path:
        return self.root / "data_contracts"

    @property
    def notebooks_dir(self) -> Path:
        return self.root / "notebooks"

    @property
    def pipelines_dir(self) -> Path:
        return self.root / "pipelines"

    @property
    def templates_dir(self) -> Path:
        return self.root / "reports" / "templates"

    @property
    def vault_dir(self) -> Path:
        return self.state_dir / "vault"

    @property
    def quarantine_dir(self) -> Path:
        return self.state_dir / "quarantine"

    @property
    def worklists_dir(self) -> Path:
        return self.state_dir / "worklists"

    @property
    def log_dir(self) -> Path:
        return self.state_dir / "log"

    @property
    def releases_dir(self) -> Path:
        return self.state_dir / "releases"

    @property
    def work_dir(self) -> Path:
        return self.state_dir / "work"


def find_workspace(start: Path | None = None) -> Path:
    """Return the workspace root: `start`, else `DAICHO_WORKSPACE`, else the nearest folder upwards holding `daicho.toml`."""
    if start is None and (named := os.environ.get(WORKSPACE_VARIABLE)):
        start = Path(named)
    if start is not None:
        if not (start / CONFIG_FILE).is_file():
            raise UsageError(f"{start} is not a workspace: it has no {CONFIG_FILE}; give the folder that holds it with --workspace.")
        return start.resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / CONFIG_FILE).is_file():
            return folder.resolve()
    raise UsageError(
        f"no {CONFIG_FILE} in {here} or above it: run from the workspace, or name it with --workspace or {WORKSPACE_VARIABLE}."
    )


def load_config(root: Path | None = None) -> Config:
    """Read and check `daicho.toml`. Raises UsageError naming the key that is missing, unknown or of the wrong type."""
    root = find_workspace(root)
    try:
        raw = tomllib.loads((root / CONFIG_FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{CONFIG_FILE} cannot be read: {error}; mend the file.") from None
    _refuse_unknown_keys(raw)
    municipality = _section(raw, "municipality")
    reports, state, seal, intake, lab = (_section(raw, name) for name in ("reports", "state", "seal", "intake", "lab"))
    code = _typed(municipality, "municipality", "code", str)
    system = _typed(municipality, "municipality", "code_system", str, CODE_SYSTEMS[0])
    if system not in CODE_SYSTEMS:
        raise UsageError(f"{CONFIG_FILE}: municipality.code_system must be one of {', '.join(CODE_SYSTEMS)}.")
    if system == "jichitai" and not is_municipality_code(code):
        raise UsageError(f"{CONFIG_FILE}: municipality.code is not a six-digit 自治体コード with a valid check digit.")
    if not re.fullmatch(r"[0-9A-Za-z-]{1,20}", code):
        raise UsageError(f"{CONFIG_FILE}: municipality.code must be of at most 20 letters, digits and hyphens.")
    language = _typed(reports, "reports", "language", str, "ja")
    if language not in ("ja", "en"):
        raise UsageError(f'{CONFIG_FILE}: reports.language must be "ja" or "en".')
    return Config(
        root=root,
        municipality_code=code,
        municipality_name=_typed(municipality, "municipality", "name", str),
        prefecture_name=_typed(municipality, "municipality", "prefecture", str),
        department=_typed(municipality, "municipality", "department", str),
        prefecture_recipient=_typed(municipality, "municipality", "recipient", str),
        language=language,
        state_dir=(root / _typed(state, "state", "folder", str, "var")).resolve(),
        key_dir=(root / _typed(state, "state", "keys", str, "var/keys")).resolve(),
        reports_dir=(root / _typed(reports, "reports", "out", str, "reports/out")).resolve(),
        allow_unsealed=_typed(seal, "seal", "allow_unsealed", bool, False),
        quarantine_limit=_share(intake, "quarantine_limit", 0.01),
        full_dump_share=_share(intake, "full_dump_share", 0.5),
        mappings=tuple((root / str(item)).resolve() for item in _typed(intake, "intake", "mappings", list, [])),
        lab_port=_typed(lab, "lab", "port", int, 8888),
        retention={key: _typed(raw.get("retention", {}), "retention", key, int) for key in raw.get("retention", {})},
        roles=_roles(raw.get("roles", [])),
        records=_records(_section(raw, "records")),
        payments=read_payment_rules(_section(raw, "payments")),
    )


def _refuse_unknown_keys(raw: Mapping[str, Any]) -> None:
    for section, keys in raw.items():
        if section in ("roles", "payments"):
            continue
        if section not in _KNOWN:
            raise UsageError(f"{CONFIG_FILE}: unknown section [{section}]; known are {', '.join(_KNOWN)}, payments and [[roles]].")
        for key in keys:
            if key not in _KNOWN[section]:
                raise UsageError(f"{CONFIG_FILE}: unknown key {section}.{key}; known are {', '.join(sorted(_KNOWN[section]))}.")


def _section(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = raw.get(name, {})
    if not isinstance(section, dict):
        raise UsageError(f"{CONFIG_FILE}: [{name}] must be a section.")
    return section


def _typed(section: Mapping[str, Any], name: str, key: str, kind: type[_T], default: _T | None = None) -> _T:
    value = section.get(key, default)
    if value is None:
        raise UsageError(f"{CONFIG_FILE}: {name}.{key} is missing.")
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UsageError(f"{CONFIG_FILE}: {name}.{key} must be of type {kind.__name__}.")
    return value


def _share(section: Mapping[str, Any], key: str, default: float) -> float:
    value = section.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UsageError(f"{CONFIG_FILE}: intake.{key} must be a share between 0 and 1.")
    return float(value)


def _records(section: Mapping[str, Any]) -> RecordRule:
    precedence = _typed(section, "records", "precedence", list, [])
    exceptions = _typed(section, "records", "only_without", dict, {})
    named = [*precedence, *exceptions, *exceptions.values()]
    if not all(isinstance(code, str) and re.fullmatch(r"[a-z][a-z0-9_]{0,39}", code) for code in named):
        raise UsageError(f"{CONFIG_FILE}: [records] names sources by their codes in record_source.csv, or {NO_SOURCE}.")
    if len(set(precedence)) < len(precedence):
        raise UsageError(f"{CONFIG_FILE}: records.precedence names a source twice.")
    if any(other == source or other in exceptions for source, other in exceptions.items()):
        raise UsageError(f"{CONFIG_FILE}: records.only_without lets sources depend on each other; name one that stands by itself.")
    return RecordRule(precedence=tuple(precedence), only_without=dict(exceptions))


def _roles(raw: object) -> tuple[RoleGrant, ...]:
    if not isinstance(raw, list):
        raise UsageError(f"{CONFIG_FILE}: roles must be written as [[roles]] blocks.")
    grants = []
    for number, grant in enumerate(raw, start=1):
        if not isinstance(grant, dict) or set(grant) - {"user", "role", "valid_until"} or not {"user", "role"} <= set(grant):
            raise UsageError(f"{CONFIG_FILE}: [[roles]] block {number} needs user, role and valid_until, and nothing else.")
        role = str(grant["role"]).replace("-", "_")
        if role not in ROLES:
            raise UsageError(f"{CONFIG_FILE}: [[roles]] block {number}: role must be one of {', '.join(ROLES).replace('_', '-')}.")
        until = grant.get("valid_until")
        if not isinstance(until, date) or isinstance(until, datetime):
            raise UsageError(f"{CONFIG_FILE}: [[roles]] block {number}: valid_until must be a date such as 2027-03-31.")
        grants.append(RoleGrant(user=str(grant["user"]), role=role, valid_until=until))
    return tuple(grants)
