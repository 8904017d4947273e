"""The walk through the doses of a few courses, slot by slot (docs/coverage_method.md 2.2 to 2.5), one set-based step for each slot.

`pending` holds the doses still to be judged with the state of their course. A step judges them against one slot: the first acceptable
dose fills it, what comes before it in the walk is settled, what comes after goes on to the next step. `walker` is a person
in a course, or in one fiscal year of it where the vaccine has a season; `turn` orders a walker's doses by day and seat.
"""

from __future__ import annotations

from daicho.measures.legal_windows import is_in_season

EPOCH = "DATE '1900-01-01'"

# n 日以上の間隔: n full days lie between. n 月以上: from the same day n months later. `since` is the first (`first`) or the previous dose.
_INTERVAL_KEPT = """given_on > last_on AND given_on > since + coalesce(interval_days, 0)
               AND (interval_months IS NULL OR given_on > reached_months_on(since, interval_months))"""

# Every dose of the courses. 順序の逆転: on or before the day of a dose of a lower position; the dose of the higher position is in doubt.
_STANDING = f"""
CREATE OR REPLACE TEMP TABLE standing AS
WITH placed AS (
    SELECT r.*, s.course, s.seat, s.position, s.last_slot, s.course::BIGINT * 100_000_000_000_000 + r.person::BIGINT * 10_000
           + CASE WHEN s.is_seasonal THEN coalesce(fiscal_year(r.given_on), 0) ELSE 0 END AS walker
    FROM record AS r JOIN seat AS s ON s.dose_no = r.dose_no
    WHERE s.course BETWEEN {{first}} AND {{last}}
)
SELECT *, CAST((given_on - {EPOCH}) * 1000 + seat AS INTEGER) AS turn, is_doubtful OR {{reversed}} AS is_in_doubt FROM placed
"""
_REVERSED = """coalesce(given_on <= max(given_on) FILTER (WHERE NOT is_doubtful)
           OVER (PARTITION BY walker ORDER BY position RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false)"""

# Nobody's course has begun: every dose of known timing waits for slot 1.
_START = """
CREATE OR REPLACE TEMP TABLE pending AS
SELECT course, walker, turn, given_on, seat, position, cohort, proof, has_live_clash, '' AS regime, last_slot,
       NULL::VARCHAR AS first_vaccine, NULL::DATE AS first_on, NULL::DATE AS last_on
FROM standing WHERE NOT is_in_doubt
"""

_NOTHING_SETTLED = (
    "CREATE OR REPLACE TEMP TABLE verdict "
    "(walker BIGINT, turn INTEGER, slot TINYINT, regime VARCHAR, outcome VARCHAR, proof UTINYINT, ends_course BOOLEAN)"
)

# Whatever is left has no slot to fill.
_LEFT_OVER = "INSERT INTO verdict SELECT walker, turn, NULL, regime, 'duplicate', proof, false FROM pending"


def walk(first: int, last: int, slots: int) -> tuple[str, ...]:
    """The statements that appraise the courses from `first` to `last`, of at most so many slots, into `verdict`.

    `standing` keeps the doses of doubtful timing (`is_in_doubt`). Over the tables of appraisal_rules.
    """
    return (
        _STANDING.format(first=first, last=last, reversed=_REVERSED if slots > 1 else "false"),
        _START,
        _NOTHING_SETTLED,
        *(statement for slot in range(1, slots + 1) for statement in (_judged(slot), _filled(slot), _settle(slot), _go_on(slot))),
        _LEFT_OVER,
    )


def _slot_of(slot: int) -> str:
    """Join: whether the course's regime has this slot."""
    return f"regime_slot AS g ON g.course = p.course AND g.slot = {slot} AND g.regime = p.regime"


def _judged(slot: int) -> str:
    """Each dose that could fill the slot, with what the rows that allow it on its day say; too young where none does."""
    # Slot 1 asks for no interval, any row allows it, and a late start (途中開始) is told from it. A season concerns slot 1 alone.
    kept, season, regime = (
        ("true", is_in_season("w", "p.given_on"), "true") if slot == 1 else (_INTERVAL_KEPT, "true", "w.regime = p.regime")
    )
    begins = """coalesce(bool_or(given_on BETWEEN standard_from AND standard_to), false) AS is_standard_start,
           arg_min(regime, opens_on) FILTER (WHERE regime <> '' AND is_inside) AS late_start"""
    return f"""CREATE OR REPLACE TEMP TABLE judged AS
    WITH allowed AS (
        SELECT p.walker, p.turn, p.has_live_clash, p.given_on, p.last_on, CASE WHEN w.is_from_first THEN p.first_on ELSE p.last_on END AS since,
               w.interval_days, w.interval_months, w.first_dose_by, w.standard_from, w.standard_to, w.regime, w.opens_on,
               p.given_on BETWEEN w.opens_on AND w.closes_on AND {season} AS is_inside
        FROM pending AS p
        JOIN {_slot_of(slot)}
        JOIN slot_rule AS r ON r.slot = {slot} AND r.seat = p.seat
        JOIN row_window AS w ON w.rule_no = r.rule_no AND w.cohort = p.cohort
        WHERE p.position >= {slot} AND p.last_slot >= {slot}
          AND p.given_on BETWEEN w.allowed_from AND w.allowed_to AND (p.proof & w.proof_needed) = w.proof_needed AND {regime}
          AND (w.first_dose_by IS NULL OR (p.first_on <= w.first_dose_by AND p.first_vaccine = r.vaccine))
    ),
    spaced AS (
        SELECT *, {kept} AS is_kept FROM allowed
    )
    SELECT walker, turn, has_live_clash, bool_or(is_kept) AS is_spaced, bool_or(is_inside) AS is_inside,
           bool_or(is_kept AND first_dose_by IS NOT NULL) AS is_last{f", {begins}" if slot == 1 else ""}
    FROM spaced GROUP BY walker, turn, has_live_clash"""


def _filled(slot: int) -> str:
    """The first acceptable dose of each walker, and the regime that a first dose begins."""
    regime = "CASE WHEN j.is_standard_start THEN '' ELSE coalesce(j.late_start, '') END" if slot == 1 else "NULL::VARCHAR"
    return f"""CREATE OR REPLACE TEMP TABLE filled AS
    SELECT j.walker, min(j.turn) AS turn, arg_min(j.is_inside, j.turn) AS is_inside, arg_min(j.is_last, j.turn) AS is_last,
           arg_min({regime}, j.turn) AS regime
    FROM judged AS j WHERE j.is_spaced AND NOT j.has_live_clash GROUP BY j.walker"""


def _settle(slot: int) -> str:
    """The dose that fills the slot and those before it in the walk have their outcome; so have all where nothing fills it."""
    return f"""INSERT INTO verdict
    SELECT p.walker, p.turn, CASE WHEN p.turn = f.turn THEN {slot} END, coalesce(f.regime, p.regime),
           CASE WHEN p.last_slot < {slot} OR p.position < {slot} THEN 'duplicate'
                WHEN j.turn IS NULL THEN 'too_young'
                WHEN NOT j.is_spaced THEN 'interval_too_short'
                WHEN j.has_live_clash THEN 'live_interval'
                WHEN NOT f.is_inside THEN 'outside_window'
                ELSE 'valid' END, p.proof, coalesce(p.turn = f.turn AND f.is_last, false)
    FROM pending AS p
    LEFT JOIN {_slot_of(slot)}
    LEFT JOIN filled AS f ON f.walker = p.walker
    LEFT JOIN judged AS j ON j.walker = p.walker AND j.turn = p.turn
    WHERE p.last_slot < {slot} OR (g.slot IS NOT NULL AND (f.turn IS NULL OR p.turn <= f.turn))"""


def _go_on(slot: int) -> str:
    """Doses after the one that filled the slot; a course whose regime leaves the slot out goes on as it is."""
    first_vaccine, first_on = ("f.vaccine", "f.given_on") if slot == 1 else ("p.first_vaccine", "p.first_on")
    return f"""CREATE OR REPLACE TEMP TABLE pending AS
    WITH f AS (
        SELECT f.*, e.vaccine, {EPOCH} + f.turn // 1000 AS given_on
        FROM filled AS f JOIN seat AS e ON e.seat = f.turn % 1000
    )
    SELECT p.course, p.walker, p.turn, p.given_on, p.seat, p.position, p.cohort, p.proof, p.has_live_clash, coalesce(f.regime, p.regime) AS regime,
           -- Two doses are enough after an early first one: the course ends with the slot.
           CASE WHEN f.is_last THEN {slot} WHEN f.regime IS NULL THEN p.last_slot ELSE n.last_slot END AS last_slot,
           {first_vaccine} AS first_vaccine, {first_on} AS first_on, f.given_on AS last_on
    FROM pending AS p
    JOIN f ON f.walker = p.walker AND p.turn > f.turn
    JOIN regime_slot AS n ON n.course = p.course AND n.slot = 1 AND n.regime = coalesce(f.regime, p.regime)
    WHERE p.last_slot >= {slot}
    UNION ALL
    SELECT p.* FROM pending AS p
    LEFT JOIN {_slot_of(slot)}
    WHERE g.slot IS NULL AND p.last_slot > {slot}"""
