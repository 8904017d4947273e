"""予診票, reminders and reissues sent; and the 副本 of HPV and rotavirus doses shared with other municipalities."""

from __future__ import annotations

import numpy as np
import polars as pl

from daicho.synth import rates
from daicho.synth.claims import OWN, Claims
from daicho.synth.courses import Bound
from daicho.synth.days import day
from daicho.synth.infancy import PENTAVALENT_FROM, ROTA_BIRTHS
from daicho.synth.numbering import Numbering
from daicho.synth.population import Population
from daicho.synth.reference import DoseList
from daicho.synth.register import are_residents
from daicho.synth.streams import Days, Flags, Indexes, Streams
from daicho.synth.text import compact_days, era_days, gather, numbers

NOTICES_FROM = day("2018-04-01")
_FORM, _REMINDER, _REISSUE = 0, 1, 2
_KINDS = ("予診票", "勧奨", "再発行")
_WOMAN = 2
_NAMES = {"HPV2": "サーバリックス", "HPV4": "ガーダシル", "HPV9": "シルガード9", "RV1": "ロタリックス", "RV5": "ロタテック"}
_MISTAKEN = {"HPV2": "HPV4", "HPV4": "HPV9", "HPV9": "HPV4", "RV1": "RV5", "RV5": "RV1"}
# First dose of a course whose forms go out together: (dose, bound, days from its first day to the sending).
_FORMS = (
    ("BCG-1", Bound("months", 5), -40), ("PCV-1", Bound("months", 2), -35), ("HB-1", Bound("months", 2), -35), ("MR-1", Bound("months", 12), -25),
    ("VAR-1", Bound("months", 12), -25), ("JE-11", Bound("months", 36), -25), ("JE-2", Bound("months", 108), -20), ("DT-2", Bound("months", 132), -20),
    ("MR-2", Bound("fiscal_year", 6), -12),
)  # fmt: skip
_REMINDERS = (("MR-1", Bound("months", 20), 0), ("MR-2", Bound("fiscal_year", 6), 240), ("JE-2", Bound("months", 144), 0))
_HPV_FORM, _HPV_AGE = "HPV9-1", 13
_HPV_FROM = day("2022-04-01")
_PENTA, _QUADRI = "DPT-IPV-HIB-11", "DPT-IPV-11"


def notice_frame(streams: Streams, population: Population, numbering: Numbering, claims: Claims, doses: DoseList) -> pl.DataFrame:
    """The extract 予診票・勧奨通知の送付: forms before the age, reminders to those without the dose, a few reissues."""
    rng = streams.generator("notices")
    children = np.flatnonzero(population.births >= NOTICES_FROM - 19 * 366).astype(np.int32)
    births = population.births[children]
    parts: list[tuple[Indexes, Indexes, Days, Indexes]] = []

    def send(dose: str, days: Days, chosen: Flags, kind: int) -> None:
        sent = (days + rng.integers(0, 7, len(days))).astype(np.int32)
        reached = chosen & (sent >= NOTICES_FROM) & (sent <= population.last_day) & (sent >= births)
        reached &= are_residents(population, numbering, children, sent)
        mine = np.flatnonzero(reached)
        parts.append(
            (children[mine], np.full(len(mine), doses.position(dose), dtype=np.int32), sent[mine], np.full(len(mine), kind, dtype=np.int32))
        )

    everyone = np.ones(len(children), dtype=np.bool_)
    for dose, bound, after in _FORMS:
        send(dose, bound.first_day(births) + after, everyone, _FORM)
    two_months = Bound("months", 2).first_day(births)
    send(_PENTA, two_months - 35, two_months >= PENTAVALENT_FROM, _FORM)
    send(_QUADRI, two_months - 35, two_months < PENTAVALENT_FROM, _FORM)
    send("RV1-1", births + 28, births >= ROTA_BIRTHS, _FORM)
    girls = (population.sex[children] == _WOMAN) & (Bound("fiscal_year", _HPV_AGE).first_day(births) >= _HPV_FROM)
    send(_HPV_FORM, Bound("fiscal_year", _HPV_AGE).first_day(births) + 20, girls, _FORM)
    send(_HPV_FORM, Bound("fiscal_year", 16).first_day(births) + 75, girls & ~_has(claims, children, doses, "HPV"), _REMINDER)
    for dose, bound, after in _REMINDERS:
        due = bound.first_day(births) + after
        send(dose, due, ~_has(claims, children, doses, dose, by=due, size=len(population)), _REMINDER)
    return _written(rng, numbering, doses, population.last_day, parts)


def _has(claims: Claims, children: Indexes, doses: DoseList, prefix: str, *, by: Days | None = None, size: int = 0) -> Flags:
    """Whether each child has a dose whose code begins with `prefix` on record (by a day)."""
    wanted = np.array([code.startswith(prefix) for code in doses.codes])
    mine = wanted[claims.kinds] & ~claims.is_screened_only
    if by is None:
        return np.isin(children, claims.persons[mine])
    first = np.full(size, np.iinfo(np.int32).max, dtype=np.int32)
    np.minimum.at(first, claims.persons[mine], claims.days[mine])
    has: Flags = first[children] <= by
    return has


def _written(
    rng: np.random.Generator, numbering: Numbering, doses: DoseList, last_day: int, parts: list[tuple[Indexes, Indexes, Days, Indexes]]
) -> pl.DataFrame:
    persons, dose, sent, kind = (np.concatenate([part[column] for part in parts]) for column in range(4))
    again = np.flatnonzero((kind == _FORM) & (rng.random(len(kind)) < rates.NOTICE_REISSUED) & (sent < last_day - 300))
    persons, dose = np.concatenate([persons, persons[again]]), np.concatenate([dose, dose[again]])
    sent = np.concatenate([sent, (sent[again] + 20 + rng.integers(0, 250, len(again))).astype(np.int32)])
    kind = np.concatenate([kind, np.full(len(again), _REISSUE, dtype=np.int32)])
    number = numbering.current[persons]
    order = np.lexsort((kind, dose, sent, number))
    dose = dose[order]
    return pl.DataFrame(
        {
            "宛名番号": numbers(number[order]),
            "予防接種種別コード": gather(doses.vaccines, dose),
            "接種期": gather(doses.stages, dose),
            "接種回数": gather(doses.numbers, dose),
            "送付日": era_days(sent[order]),
            "送付種別": gather(_KINDS, kind[order]),
        }
    )


def shared_copy_frame(streams: Streams, claims: Claims, numbering: Numbering, doses: DoseList) -> pl.DataFrame:
    """The extract 副本: HPV and rotavirus doses on record, but for a few missing, differing or only there."""
    rng = streams.generator("shared copy")
    wanted = np.array([vaccine.startswith(("HPV", "RV")) for vaccine in doses.vaccines])
    mine = np.flatnonzero(wanted[claims.kinds] & ~claims.is_screened_only & ~claims.is_second_channel & (claims.location >= OWN))
    draw = rng.random(len(mine))
    mine, draw = mine[draw < rates.COPIED], draw[draw < rates.COPIED]
    days = np.where(draw < rates.COPY_DIFFERS, claims.days[mine] + 7, claims.days[mine]).astype(np.int32)
    is_misnamed = (draw >= rates.COPY_DIFFERS) & (draw < rates.COPY_DIFFERS + rates.COPY_NAME_DIFFERS)
    persons, dose = claims.persons[mine], claims.kinds[mine]
    # Only in the copy: as if the original had been struck out; the next dose number of the same vaccine would do, a moved date too.
    extra = np.flatnonzero(draw > rates.COPIED - rates.COPY_ONLY)
    persons, dose = np.concatenate([persons, persons[extra]]), np.concatenate([dose, dose[extra]])
    days = np.concatenate([days, (days[extra] - 30).astype(np.int32)])
    is_misnamed = np.concatenate([is_misnamed, np.zeros(len(extra), dtype=np.bool_)])
    number = numbering.current[persons]
    order = np.lexsort((days, dose, number))
    order = order[_is_first(number[order], dose[order], days[order])]
    listed = [_NAMES.get(vaccine, "") for vaccine in doses.vaccines]
    mistaken = [_NAMES.get(_MISTAKEN.get(vaccine, ""), "") for vaccine in doses.vaccines]
    name = dose + np.where(is_misnamed, len(listed), 0).astype(np.int32)
    return pl.DataFrame(
        {
            "宛名番号": numbers(number[order]),
            "予防接種種別コード": gather(doses.vaccines, dose[order]),
            "接種回数": gather(doses.numbers, dose[order]),
            "接種日": compact_days(days[order]),
            "ワクチン名": gather(listed + mistaken, name[order]),
        }
    )


def _is_first(*sorted_columns: np.ndarray) -> np.ndarray:
    """Positions of rows that differ from the row before."""
    changes = np.ones(len(sorted_columns[0]), dtype=np.bool_)
    changes[1:] = np.any([column[1:] != column[:-1] for column in sorted_columns], axis=0)
    return np.flatnonzero(changes)
