"""Which doses count as the dose asked for, and on which days (docs/coverage_method.md 1 to 3): shared by the coverage measures.

A dose counts as itself and as each dose it is equivalent to on its day. Crude counts every dose of known timing, valid the one that filled
the slot of the dose asked for. Filters on vaccine and dose go in through the placeholder `credit_filters`.
"""

from __future__ import annotations

from collections.abc import Mapping

from daicho.measures.legal_windows import in_force
from daicho.measures.model import Parameter

CRUDE, VALID = "crude", "valid"

VALIDITY = Parameter(
    "validity",
    "choice",
    required=False,
    default=CRUDE,
    choices=(CRUDE, VALID),
    description="粗接種率（記録のある接種）・有効な接種（最低年齢と最短間隔を満たすもの）",
)

CREDIT_FILTERS: Mapping[str, Mapping[str, str]] = {"credit_filters": {"vaccine": "c.counts_as_vaccine", "dose": "c.counts_as"}}
"""What `Measure.early` needs for the statements below."""

# Each record once, by its home series; records of unknown timing have no day that could be used.
KNOWN_DOSES = f"""
    SELECT a.person, c.counts_as_vaccine AS vaccine, c.counts_as AS dose, a.given_on
    FROM appraisal AS a JOIN credit AS c ON c.dose = a.dose AND {in_force("c", "a.given_on")}
    WHERE a.is_home AND a.outcome <> 'timing_unknown' AND a.given_on <= $as_of AND {{credit_filters}}
"""

VALID_DOSES = f"""
    SELECT f.person, c.counts_as_vaccine AS vaccine, c.counts_as AS dose, f.filled_on AS given_on
    FROM slot_fill AS f
    JOIN credit AS c ON c.dose = f.dose AND c.series = f.series AND c.position = f.slot AND {in_force("c", "f.filled_on")}
    WHERE f.filled_on <= $as_of AND {{credit_filters}}
"""

DATED_DOSES = f"""
    SELECT * FROM ({KNOWN_DOSES}) AS known WHERE $validity = '{CRUDE}'
    UNION ALL
    SELECT * FROM ({VALID_DOSES}) AS filled WHERE $validity = '{VALID}'
"""
"""One row for each dose asked for and day, in the sense of the parameter `validity`."""

# 時期不明の接種 counts as given (crude), whatever its date says.
HELD_DOSES = f"""
    SELECT a.person, c.counts_as AS dose, CASE WHEN a.outcome = 'timing_unknown' THEN DATE '0001-01-01' ELSE a.given_on END AS held_on
    FROM appraisal AS a JOIN credit AS c ON c.dose = a.dose AND (a.given_on IS NULL OR {in_force("c", "a.given_on")})
    WHERE a.is_home AND $validity = '{CRUDE}'
    UNION ALL
    SELECT f.person, c.counts_as, f.filled_on
    FROM slot_fill AS f
    JOIN credit AS c ON c.dose = f.dose AND c.series = f.series AND c.position = f.slot AND {in_force("c", "f.filled_on")}
    WHERE $validity = '{VALID}'
"""
"""Every dose somebody has, with the day from which it counts: for questions about many doses at once."""
