"""What the synthetic ledger takes from the workspace's own code lists and reference data: places, doses, self-payment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from daicho.contracts.codelists import load_codelist
from daicho.contracts.reference import load_reference
from daicho.core.config import Config
from daicho.core.errors import UsageError
from daicho.synth.streams import Floats

_OPEN_CHOME = (1, 7)


@dataclass(frozen=True)
class Places:
    """Municipality, districts, towns with their 丁目, and the wards where doses may be given."""

    prefecture: str
    municipality: str
    municipality_code: str
    district_population: Floats
    district_foreign_share: Floats
    towns: tuple[tuple[str, ...], ...]  # by district: town with 丁目 range written "芝|1|3"
    other_wards: tuple[str, ...]


@dataclass(frozen=True)
class DoseList:
    """The dose stages of dose_stage.csv by position."""

    codes: tuple[str, ...]
    vaccines: tuple[str, ...]
    stages: tuple[str | None, ...]
    numbers: tuple[str, ...]

    def position(self, code: str) -> int:
        """Raises UsageError for a dose the code list lacks."""
        if code not in self.codes:
            raise UsageError(f"dose_stage.csv lacks the dose {code}, which the synthetic ledger gives; restore the row.")
        return self.codes.index(code)


def load_places(contracts_dir: Path, config: Config) -> Places:
    """Read district, town and ward. Raises UsageError when a district has no town or no population."""
    districts = load_codelist(contracts_dir, "district")
    towns = load_codelist(contracts_dir, "town")
    population = districts["population"].cast(pl.Float64).to_numpy()
    foreign = districts["foreign_population"].cast(pl.Float64).to_numpy()
    by_district = tuple(
        tuple(
            f"{row['town']}|{row['chome_from'] or _OPEN_CHOME[0]}|{row['chome_to'] or _OPEN_CHOME[1]}"
            for row in towns.filter(pl.col("district_code") == code).iter_rows(named=True)
        )
        for code in districts["code"]
    )
    if not all(by_district) or not population.all():
        raise UsageError("district.csv and town.csv: every district needs a population and at least one town for a synthetic ledger.")
    wards = load_codelist(contracts_dir, "ward")["code"].to_list()
    return Places(
        prefecture=config.prefecture_name,
        municipality=config.municipality_name,
        municipality_code=config.municipality_code,
        district_population=population,
        district_foreign_share=foreign / population,
        towns=by_district,
        other_wards=tuple(ward for ward in wards if ward != config.municipality_code),
    )


def load_doses(contracts_dir: Path) -> DoseList:
    frame = load_codelist(contracts_dir, "dose_stage")
    return DoseList(
        codes=tuple(frame["code"]), vaccines=tuple(frame["vaccine_code"]), stages=tuple(frame["stage"]), numbers=tuple(frame["number"])
    )


def copay_rules(contracts_dir: Path, *, home_ward: str) -> Mapping[str, tuple[int, frozenset[str]]]:
    """By vaccine: the self-payment in yen and the classes that are exempt, as the latest row of copay.csv says."""
    rows = load_reference(contracts_dir, "copay").filter(pl.col("home_ward") == home_ward).sort("vaccine_code", "valid_from")
    return {
        row["vaccine_code"]: (int(row["amount_yen"] or 0), frozenset(filter(None, (row["exempt"] or "").split("|"))))
        for row in rows.iter_rows(named=True)
    }


def price_rules(contracts_dir: Path) -> pl.DataFrame:
    """The unit prices of price_list.csv that are stated without tax."""
    return load_reference(contracts_dir, "price_list").filter(pl.col("price_excl_yen").is_not_null())


def category_b_vaccines(contracts_dir: Path) -> frozenset[str]:
    """Vaccines of 定期B in vaccine.csv: the ones with a self-payment."""
    return frozenset(load_codelist(contracts_dir, "vaccine").filter(pl.col("program_class") == "定期B")["code"])


def last_day_of(until: str) -> int:
    """The last day of a month YYYY-MM as a day number. Raises UsageError for anything else."""
    try:
        month = np.datetime64(until, "M")
    except ValueError:
        raise UsageError(f"--until {until} is no month; write it as 2026-03.") from None
    if len(until) != len("2026-03"):
        raise UsageError(f"--until {until} is no month; write it as 2026-03.")
    return int((month + 1).astype("datetime64[D]").astype(int)) - 1
