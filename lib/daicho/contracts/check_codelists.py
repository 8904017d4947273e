"""Checks of the code lists: what each holds by itself, and whether it agrees with the lists it refers to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import polars as pl

from daicho.contracts.codelists import FOLDER, UNKNOWN, codes_of, fold_code, list_codelists, load_codelist
from daicho.contracts.model import Finding
from daicho.core.check_digits import is_municipality_code
from daicho.core.errors import UsageError

OLDEST_AGE = 130
# Kind of ward.csv: a place outside the system of 自治体コード, in an office abroad.
OUTSIDE = "outside"


def check_codelists(contracts_dir: Path) -> list[Finding]:
    """Unreadable lists, empty or repeated codes, writings claimed by two codes, and what the single lists require."""
    findings: list[Finding] = []
    for name in list_codelists(contracts_dir):
        try:
            frame = load_codelist(contracts_dir, name)
            findings += [
                Finding("error", f"{FOLDER}/{name}.csv{where}", message) for where, message in _check_list(name, frame, contracts_dir)
            ]
        except UsageError as error:
            findings.append(Finding("error", f"{FOLDER}/{name}.csv", str(error)))
        else:
            findings += unverified_note(frame, where=f"{FOLDER}/{name}.csv")
    return findings


def unverified_note(frame: pl.DataFrame, *, where: str) -> list[Finding]:
    """One note counting the rows whose facts nobody has verified yet."""
    if "verified" not in frame.columns:
        return []
    rows = [index + 2 for index in (frame["verified"] != "yes").fill_null(True).arg_true().to_list()]
    if not rows:
        return []
    shown = ", ".join(map(str, rows[:8])) + (" and more" if len(rows) > 8 else "")
    return [
        Finding("note", where, f"{len(rows)} rows are not verified (rows {shown}); check them against the source and set verified to yes.")
    ]


def _check_list(name: str, frame: pl.DataFrame, contracts_dir: Path) -> Iterator[tuple[str, str]]:
    for line, (code, label) in enumerate(frame.select("code", "label").iter_rows(), start=2):
        if code is None or label is None:
            yield f", row {line}", "code and label must both be filled."
        elif code == UNKNOWN:
            yield f", row {line}", f"the code {UNKNOWN} is reserved for values that are in no list."
    for code, count in Counter(frame["code"].drop_nulls().to_list()).items():
        if count > 1:
            yield "", f"the code {code} appears {count} times."
    special = _SPECIAL.get(name)
    if special is not None:
        yield from special(frame, contracts_dir)
    if name not in ("dose_stage", "town"):
        yield from _shared_writings(frame)


def _shared_writings(frame: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Two codes that an extract could write in the same way."""
    owner: dict[str, str] = {}
    for row in frame.iter_rows(named=True):
        for text in (row["code"], row["label"], *(row.get("aliases") or "").split("|")):
            if text and owner.setdefault(fold_code(text), row["code"]) != row["code"]:
                yield "", f"the writing {text} stands for both {owner[fold_code(text)]} and {row['code']}."


def _vaccine(frame: pl.DataFrame, contracts_dir: Path) -> Iterator[tuple[str, str]]:
    yield from _refers(frame, "disease", "disease", contracts_dir)
    yield from _refers(frame, "program_class", "program_class", contracts_dir)
    with_doses = set(load_codelist(contracts_dir, "dose_stage")["vaccine_code"])
    for code in frame["code"].drop_nulls():
        if code not in with_doses:
            yield "", f"the vaccine {code} has no dose in dose_stage.csv."


def _dose_stage(frame: pl.DataFrame, contracts_dir: Path) -> Iterator[tuple[str, str]]:
    yield from _refers(frame, "vaccine_code", "vaccine", contracts_dir)
    yield from _whole_numbers(frame, ("number", "position"))
    for key, named in (
        (("vaccine_code", "stage", "number"), "stage and number"),
        (("vaccine_code", "position"), "position"),
        (("vaccine_code", "label"), "label"),
    ):
        if any(column not in frame.columns for column in key):
            yield "", f"the columns {', '.join(key)} must all be there."
        else:
            for row in frame.group_by(*key, maintain_order=True).len().filter(pl.col("len") > 1).iter_rows(named=True):
                yield "", f"two doses of {row['vaccine_code']} have the same {named}."


def _town(frame: pl.DataFrame, contracts_dir: Path) -> Iterator[tuple[str, str]]:
    yield from _refers(frame, "district_code", "district", contracts_dir)
    yield from _whole_numbers(frame, ("chome_from", "chome_to"), optional=True)
    spans: dict[str, list[tuple[int, int, int]]] = {}
    for line, row in enumerate(frame.iter_rows(named=True), start=2):
        first, last = row["chome_from"], row["chome_to"]
        if (first is None) != (last is None):
            yield f", row {line}", "chome_from and chome_to are filled together or not at all."
        elif first is not None and not (first.isdigit() and last.isdigit() and int(first) <= int(last)):
            yield f", row {line}", "chome_from is after chome_to."
        else:
            spans.setdefault(str(row["town"]), []).append((int(first or 0), int(last or 999), line))
    for town, found in spans.items():
        for (_, last, _), (first, _, line) in zip(sorted(found), sorted(found)[1:], strict=False):
            if first <= last:
                yield f", row {line}", f"丁目 of {town} overlap with another row."
    for code in codes_of(contracts_dir, "district"):
        if code not in set(frame["district_code"]):
            yield "", f"the district {code} has no town."


def _age_band(frame: pl.DataFrame, contracts_dir: Path) -> Iterator[tuple[str, str]]:
    yield from _whole_numbers(frame, ("age_from",))
    yield from _whole_numbers(frame, ("age_to",), optional=True)
    if not frame["age_from"].cast(pl.Int32, strict=False).is_not_null().all():
        return
    ages = [
        band for first, last in frame.select("age_from", "age_to").iter_rows() for band in range(int(first), int(last or OLDEST_AGE) + 1)
    ]
    for age, count in sorted(Counter(ages).items()):
        if count > 1:
            yield "", f"the age {age} lies in two bands."
    for age in range(OLDEST_AGE):
        if age not in set(ages):
            yield "", f"the age {age} lies in no band."


def _ward(frame: pl.DataFrame, contracts_dir: Path) -> Iterator[tuple[str, str]]:
    kinds = frame["kind"] if "kind" in frame.columns else frame["code"]
    for line, (code, kind) in enumerate(zip(frame["code"], kinds, strict=True), start=2):
        if code is not None and kind != OUTSIDE and not is_municipality_code(code):
            yield f", row {line}", "the code is no six-digit 自治体コード with a valid check digit."


def _refers(frame: pl.DataFrame, column: str, codelist: str, contracts_dir: Path) -> Iterator[tuple[str, str]]:
    """Cells of `column` that are empty or in no row of the other list."""
    if column not in frame.columns:
        yield "", f"the column {column} is missing."
        return
    known = set(codes_of(contracts_dir, codelist))
    for line, code in enumerate(frame[column], start=2):
        if code not in known:
            yield f", row {line}", f"{column} {code or '(empty)'} is not in {codelist}.csv."


def _whole_numbers(frame: pl.DataFrame, columns: tuple[str, ...], *, optional: bool = False) -> Iterator[tuple[str, str]]:
    for column in columns:
        if column not in frame.columns:
            yield "", f"the column {column} is missing."
            continue
        for line, text in enumerate(frame[column], start=2):
            if not (text.isascii() and text.isdigit() if text is not None else optional):
                yield f", row {line}", f"{column} is no whole number."


_SPECIAL: Mapping[str, Callable[[pl.DataFrame, Path], Iterator[tuple[str, str]]]] = MappingProxyType(
    {"vaccine": _vaccine, "dose_stage": _dose_stage, "town": _town, "age_band": _age_band, "ward": _ward}
)
