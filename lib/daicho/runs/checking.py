"""`daicho check`: configuration, contracts, code lists, reference data, disclosure profiles, plans and notebooks, before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat

from daicho.contracts.check import check_contracts
from daicho.contracts.codelists import codes_of, list_codelists
from daicho.contracts.loader import load_contracts
from daicho.contracts.mappings import check_codes, check_mapping
from daicho.contracts.model import ColumnType, Finding
from daicho.core.config import CONFIG_FILE, NO_SOURCE, Config
from daicho.core.errors import DaichoError
from daicho.gate.profiles import PROFILES_FILE, load_disclosure
from daicho.intake.codes import load_mappings
from daicho.intake.decode import inspect_file, pieces
from daicho.intake.rows import read_rows, without_header
from daicho.intake.sources import choose_contract, files_named, first_header, is_fault_key, is_mapping
from daicho.runs.notebooks import load_report
from daicho.runs.plans import check_plans


def check_workspace(config: Config) -> list[Finding]:
    """Every finding about the workspace's own files, worst first."""
    findings = list(check_contracts(config.contracts_dir))
    unread = _tried(PROFILES_FILE, lambda: load_disclosure(config.contracts_dir))
    profiles = None if unread else frozenset(load_disclosure(config.contracts_dir).profiles)
    findings += unread
    for path in config.mappings:
        findings += check_mapping(path, contracts_dir=config.contracts_dir)
    for path in sorted(config.notebooks_dir.glob("*.ipynb")):
        findings += _check_notebook(config, path, profiles=profiles)
    findings += check_plans(config)
    findings += _check_records(config)
    return sorted(findings)


def _check_records(config: Config) -> list[Finding]:
    """Every source that [records] names is in the code list."""
    named = {*config.records.precedence, *config.records.only_without, *config.records.only_without.values()} - {NO_SOURCE}
    known = codes_of(config.contracts_dir, "record_source") if "record_source" in list_codelists(config.contracts_dir) else ()
    return [
        Finding("error", CONFIG_FILE, f"[records] names the source {code}, which is not in record_source.csv.")
        for code in sorted(named - set(known))
    ]


def _tried(where: str, load: Callable[[], object]) -> list[Finding]:
    try:
        load()
    except DaichoError as error:
        return [Finding("error", where, str(error))]
    return []


def _check_notebook(config: Config, path: Path, *, profiles: frozenset[str] | None) -> list[Finding]:
    findings = _tried(path.name, lambda: load_report(config, path.stem))
    if findings:
        return findings
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    profile = notebook.metadata["daicho"]["profile"]
    if profiles is not None and profile not in profiles:
        findings.append(Finding("error", path.name, f"its profile {profile} is not in disclosure.yaml."))
    if any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells if cell.cell_type == "code"):
        findings.append(Finding("error", path.name, "it holds stored outputs: clear them, notebooks go in clean."))
    return findings


def check_extracts(paths: Sequence[Path], *, config: Config, mappings: Sequence[Path] = ()) -> list[Finding]:
    """Name every code of the given extracts that maps to nothing. Code columns only; no other value is ever shown."""
    contracts = load_contracts(config.contracts_dir)
    looked = [(source, first_header(source)[0]) for source in map(inspect_file, files_named(paths))]
    delivered = [*config.mappings, *mappings, *(source.path for source, headers in looked if is_mapping(headers))]
    mapping = load_mappings(delivered, contracts_dir=config.contracts_dir)
    findings: list[Finding] = []
    for source, headers in looked:
        if is_mapping(headers) or is_fault_key(headers):
            continue
        contract, names = choose_contract(headers, file_name=source.path.name, contracts=contracts, kind=None, renamed=mapping.headers)
        coded = {column.header: column.codelist for column in contract.columns if column.type is ColumnType.CODE and column.codelist}
        seen: dict[str, set[str]] = {header: set() for header in coded if header in names}
        for number, piece in enumerate(pieces(source)):
            frame = read_rows(without_header(piece) if number == 0 else piece, names, file_name=source.path.name).frame
            for header, codes in seen.items():
                codes.update(frame[header].unique().to_list())
        for header, codes in seen.items():
            findings += check_codes(
                codes,
                codelist=str(coded[header]),
                column=header,
                where=source.path.name,
                contracts_dir=config.contracts_dir,
                mapping=mapping,
            )
    return sorted(findings)
