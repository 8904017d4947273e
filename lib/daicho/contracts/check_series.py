"""Checks of reference/series.csv: every dose has one home, positions run without a gap, and credited doses stand where they count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from daicho.contracts.codelists import load_codelist
from daicho.contracts.reference import list_reference, load_reference

Row = Mapping[str, Any]


def check_series(rows: Sequence[Row], contracts_dir: Path) -> Iterator[tuple[int, str]]:
    """Row numbers (0: the whole table) and what is wrong. Vaccines with a season have no series: each fiscal year is a course of its own."""
    known = {name: load_reference(contracts_dir, name) for name in ("schedule", "equivalence") if name in list_reference(contracts_dir)}
    vaccine_of = dict(load_codelist(contracts_dir, "dose_stage").select("code", "vaccine_code").iter_rows())
    seasonal = (
        {row["vaccine_code"] for row in known["schedule"].iter_rows(named=True) if row["season_from"]} if "schedule" in known else set()
    )
    yield from _homes(rows, {dose: vaccine for dose, vaccine in vaccine_of.items() if vaccine not in seasonal})
    yield from _positions(rows, vaccine_of)
    for row in rows:
        if vaccine_of.get(row["dose_code"]) in seasonal:
            yield row["row"], f"the dose {row['dose_code']} is of a vaccine with a season, which has no series."
    place = {(row["series"], row["dose_code"]): row["position"] for row in rows}
    home = {row["dose_code"]: row["series"] for row in rows if row["is_home"] == "yes"}
    for given, counts_as in known["equivalence"].select("dose_code", "counts_as_dose_code").iter_rows() if "equivalence" in known else ():
        series = home.get(counts_as)
        if series is not None and place.get((series, given)) != place.get((series, counts_as)):
            yield 0, f"{given} counts as {counts_as} by equivalence.csv, but does not stand at its position of the series {series}."


def _homes(rows: Sequence[Row], vaccine_of: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    homes = Counter(row["dose_code"] for row in {(r["series"], r["dose_code"]): r for r in rows if r["is_home"] == "yes"}.values())
    for dose in sorted(vaccine_of):
        if homes[dose] != 1:
            yield 0, f"the dose {dose} has {homes[dose]} home series; it needs exactly one."


def _positions(rows: Sequence[Row], vaccine_of: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    positions: dict[str, set[int]] = {}
    taken: dict[tuple[str, int, str], str] = {}
    for row in rows:
        if row["position"] is None:
            continue
        positions.setdefault(row["series"], set()).add(row["position"])
        key = (row["series"], row["position"], vaccine_of.get(row["dose_code"], ""))
        if taken.setdefault(key, row["dose_code"]) != row["dose_code"]:
            yield row["row"], f"a second dose of one vaccine stands at position {row['position']} of the series {row['series']}."
    for series, found in sorted(positions.items()):
        if found != set(range(1, len(found) + 1)):
            yield 0, f"the positions of the series {series} must run from 1 without a gap."
