"""Legal windows (対象期間) of the schedule as SQL: the first and last day a rule allows a child, by the day rules of the law.

「至るまで」「未満」include the day the age is reached (厚労省結核感染症課 事務連絡 2014-03-11). A window bounded by something the
ledger does not hold (weeks of gestation) is not decidable from the birth date. The bounds themselves are the macro
`legal_window_day` of `daicho.contracts.schedule`.
"""

from __future__ import annotations

# Bounds that no birth date decides.
_UNDECIDABLE_KINDS = ("gestation_weeks",)

OPEN_END = "DATE '9999-12-31'"
OPEN_START = "DATE '0001-01-01'"


def in_force(row: str, day: str) -> str:
    """SQL: whether a dated row (of reference data, or of the ledger) is in force on a day; both its days count."""
    return f"{day} BETWEEN coalesce({row}.valid_from, {OPEN_START}) AND coalesce({row}.valid_to, {OPEN_END})"


def is_decidable(rule: str) -> str:
    """SQL: whether a schedule row's window follows from the birth date. `rule` is the row's alias."""
    kinds = ", ".join(f"'{kind}'" for kind in _UNDECIDABLE_KINDS)
    return f"({_kind(rule, 'from')} NOT IN ({kinds}) AND {_kind(rule, 'to')} NOT IN ({kinds}))"


def first_day(rule: str, birth: str) -> str:
    """SQL: the first day a row allows, its absolute bound included."""
    return f"greatest({_bound(rule, 'from', birth)}, coalesce({rule}.absolute_from, {OPEN_START}))"


def last_day(rule: str, birth: str) -> str:
    """SQL: the last day a row allows, its absolute bound included; 9999-12-31 where it has none."""
    return f"least({_bound(rule, 'to', birth)}, coalesce({rule}.absolute_to, {OPEN_END}))"


def concerns(rule: str, *, birth: str, sex: str) -> str:
    """SQL: whether a row is meant for somebody of this birth date and sex."""
    return f"""(({rule}.sex IS NULL OR {rule}.sex = {sex})
      AND {birth} BETWEEN coalesce({rule}.birth_from, {OPEN_START}) AND coalesce({rule}.birth_to, {OPEN_END}))"""


def is_proved(rule: str, *, has_handbook: str, is_transitional: str) -> str:
    """SQL: whether the ledger proves what a row's condition asks for. A condition not named here is never met."""
    return f"""CASE
        WHEN {rule}.condition IS NULL THEN true
        -- 心臓・腎臓・呼吸器等の障害 (1級相当): the handbook in force that day
        WHEN {rule}.condition IN ('disability_60_64', 'hiv_60_64') THEN {has_handbook}
        -- met by somebody the municipality marked with 経過措置フラグ
        WHEN {rule}.condition IN ('vaccine_shortage', 'hpv_dose_2022_04_01_to_2025_03_31', 'antibody_test_by_2025_03_31') THEN {is_transitional}
        -- stated by birth date and window alone
        WHEN {rule}.condition IN ('je_suspension', 'age_100_or_over_in_fy2025', 'first_dose_by_15_years', 'high_dose')
          OR {rule}.condition LIKE 'start\\_%' ESCAPE '\\' THEN true
        ELSE false END"""


def is_in_season(rule: str, day: str) -> str:
    """SQL: whether a day lies in the row's yearly season (10-01 to 01-31 runs over the new year)."""
    number = f"(month({day}) * 100 + day({day}))"
    start, end = (season_month_day(rule, side) for side in ("from", "to"))
    return f"""(CASE WHEN {rule}.season_from IS NULL THEN true
      WHEN {start} <= {end} THEN {number} BETWEEN {start} AND {end}
      ELSE {number} >= {start} OR {number} <= {end} END)"""


def season_month_day(rule: str, side: str) -> str:
    """SQL: the season's first (`from`) or last (`to`) day as month * 100 + day; NULL where the row has no season."""
    return f"CAST(replace({rule}.season_{side}, '-', '') AS INTEGER)"


def is_between_month_days(day: str, start: str, end: str) -> str:
    """SQL: whether a day lies in a season given by `season_month_day`."""
    number = f"(month({day}) * 100 + day({day}))"
    return f"""(CASE WHEN {start} IS NULL THEN true
      WHEN {start} <= {end} THEN {number} BETWEEN {start} AND {end}
      ELSE {number} >= {start} OR {number} <= {end} END)"""


def _kind(rule: str, side: str) -> str:
    return f"coalesce({rule}.window_{side}_kind, 'none')"


def _bound(rule: str, side: str, birth: str) -> str:
    open_side = OPEN_START if side == "from" else OPEN_END
    return f"coalesce(legal_window_day({_kind(rule, side)}, {rule}.window_{side}_value, {birth}), {open_side})"
