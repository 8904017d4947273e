"""Code lists: the closed vocabularies of codes, each a CSV with at least `code,label`, owned by the office.

A column `aliases` (separated by |) holds other writings an extract may use for the same code. Two lists have a shape of their own:
`dose_stage` (see `dose_lookup`) and `town` (which district a town or some of its 丁目 belong to).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from daicho.contracts.tables import read_table
from daicho.core.errors import UsageError

FOLDER = "codelists"
UNKNOWN = "unknown"


def list_codelists(contracts_dir: Path) -> tuple[str, ...]:
    """Names of all code lists, sorted."""
    return tuple(sorted(path.stem for path in (contracts_dir / FOLDER).glob("*.csv")))


def load_codelist(contracts_dir: Path, name: str) -> pl.DataFrame:
    """One code list, all columns text, empty cells null, in file order. Raises UsageError for a list that is not there."""
    path = contracts_dir / FOLDER / f"{name}.csv"
    if Path(name).name != name or not path.is_file():
        raise UsageError(f"there is no code list {name}: known are {', '.join(list_codelists(contracts_dir))}.")
    frame = read_table(path)
    for column in ("code", "label"):
        if column not in frame.columns:
            raise UsageError(f"{path.name}: the column {column} is missing.")
    return frame


def codes_of(contracts_dir: Path, name: str) -> tuple[str, ...]:
    """The codes of a list, in file order."""
    return tuple(load_codelist(contracts_dir, name)["code"].drop_nulls().to_list())


def fold_code(text: str) -> str:
    """One writing of a code: NFKC, no surrounding blanks."""
    return unicodedata.normalize("NFKC", text).strip()


def writings(contracts_dir: Path, name: str) -> dict[str, str]:
    """Every folded writing of a list (code, label, aliases) to its code; an earlier row wins where two claim one writing."""
    found: dict[str, str] = {}
    for row in load_codelist(contracts_dir, name).iter_rows(named=True):
        for text in (row["code"], row["label"], *(row.get("aliases") or "").split("|")):
            if text and fold_code(text):
                found.setdefault(fold_code(text), row["code"])
    return found


def dose_lookup(contracts_dir: Path) -> pl.DataFrame:
    """What an extract writes for a dose, to our dose code: `vaccine_code`, `stage`, `number`, `code`, `position`.

    `stage` is the folded 接種期 ("" where it is empty), `number` the 接種回数 (Int16). Other writings of the stage come from the column
    `aliases` of dose_stage.csv: `追加`, or `1期追加/4` where a vendor also counts on. Each (vaccine, stage, number) appears once.
    """
    rows = [
        (row["vaccine_code"], stage, number, row["code"], int(row["position"]))
        for row in load_codelist(contracts_dir, "dose_stage").iter_rows(named=True)
        for stage, number in _stage_writings(row["stage"] or "", row["number"], row.get("aliases") or "")
    ]
    schema = {"vaccine_code": pl.String, "stage": pl.String, "number": pl.Int16, "code": pl.String, "position": pl.Int16}
    return pl.DataFrame(rows, schema=schema, orient="row").unique(["vaccine_code", "stage", "number"], keep="first", maintain_order=True)


def _stage_writings(stage: str, number: str, aliases: str) -> Iterator[tuple[str, int]]:
    yield fold_code(stage), int(number)
    for alias in filter(None, aliases.split("|")):
        text, _, other_number = alias.partition("/")
        yield fold_code(text), int(other_number or number)
