"""接種時期: of the eligible of coverage_cohort, who had the dose too early, on time, late, later still, at an unknown time, or not.

Source: 定期接種実施要領 (標準的な接種期間), WHO/VCQI (timeliness); docs/coverage_method.md 4. Unit: persons; the classes add up to the eligible.
"""

from __future__ import annotations

from daicho.measures.appraisal_rules import PROOF_NEEDED
from daicho.measures.coverage_base import COVERAGE_CUTS, EARLY, ELIGIBLE_STEPS, MILESTONE_PARAMETERS, bind_milestone
from daicho.measures.legal_windows import OPEN_END, OPEN_START, concerns, first_day, in_force
from daicho.measures.model import Measure, ValueColumn

_CLASSES = {
    "too_early": ("早すぎる接種", "Too early"),
    "on_time": ("標準的な時期", "On time"),
    "late_under_2m": ("２月以内の遅れ", "Late, up to two months"),
    "late_over_2m": ("２月を超える遅れ", "Late, over two months"),
    "timing_unknown": ("時期不明", "Timing unknown"),
    "not_vaccinated": ("未接種", "Not vaccinated"),
}

# Whether the ledger proves what a row asks for on the day of the dose (`proof` of appraisal: 1 handbook, 2 経過措置フラグ).
_PROVED = "(f.proof & w.proof_needed) = w.proof_needed"

_IN_CLASSES = f"""
WITH {ELIGIBLE_STEPS},
credited AS MATERIALIZED (   -- every dose that counts as the one asked for
    SELECT a.person, c.counts_as AS dose, a.given_on, a.proof, a.outcome = 'timing_unknown' AS is_unknown
    FROM appraisal AS a JOIN credit AS c ON c.dose = a.dose AND (a.given_on IS NULL OR {in_force("c", "a.given_on")})
    WHERE a.is_home AND {{credit_filters}}
),
first_dose AS MATERIALIZED ( -- the earliest of known date by the milestone
    SELECT e.person, e.dose, e.birth_date, e.sex, min(c.given_on) FILTER (WHERE NOT c.is_unknown AND c.given_on <= e.milestone_on) AS given_on,
           arg_min(c.proof, c.given_on) FILTER (WHERE NOT c.is_unknown AND c.given_on <= e.milestone_on) AS proof,
           bool_or(c.is_unknown) AS has_unknown
    FROM eligible AS e JOIN credited AS c ON c.person = e.person AND c.dose = e.dose
    GROUP BY e.person, e.dose, e.birth_date, e.sex
),
first_legal AS MATERIALIZED (   -- the minimum age by each row of the dose, special ones included
    SELECT b.birth_date, b.sex, s.dose_code, {PROOF_NEEDED} AS proof_needed,
           greatest({first_day("s", "b.birth_date")}, coalesce(s.valid_from, {OPEN_START})) AS allowed_from,
           coalesce(s.valid_to, {OPEN_END}) AS allowed_to
    FROM (SELECT DISTINCT birth_date, sex FROM person WHERE birth_date <= $as_of) AS b
    JOIN reference.schedule AS s ON {concerns("s", birth="b.birth_date", sex="b.sex")} AND {{rule_filters}}
),
allowed AS (         -- one join by all three: by the dose alone, every child would meet every birth date
    SELECT DISTINCT f.person, f.dose
    FROM first_dose AS f JOIN first_legal AS w ON w.birth_date = f.birth_date AND w.sex = f.sex AND w.dose_code = f.dose
    WHERE f.given_on BETWEEN w.allowed_from AND w.allowed_to AND {_PROVED}
)
SELECT e.person, e.vaccine, e.dose, e.district, e.resident_class,
       CASE WHEN f.given_on IS NULL THEN CASE WHEN f.has_unknown THEN 'timing_unknown' ELSE 'not_vaccinated' END
            WHEN a.person IS NULL THEN 'too_early'
            WHEN f.given_on <= e.due_on THEN 'on_time'
            WHEN f.given_on <= CAST(e.due_on + INTERVAL 2 MONTH AS DATE) THEN 'late_under_2m'
            ELSE 'late_over_2m' END AS class
FROM eligible AS e
LEFT JOIN first_dose AS f ON f.person = e.person AND f.dose = e.dose
LEFT JOIN allowed AS a ON a.person = e.person AND a.dose = e.dose
"""


def _class_column(name: str) -> ValueColumn:
    label, label_en = _CLASSES[name]
    return ValueColumn(
        f"{name}_count", label, label_en, "人", "count", f"count(*) FILTER (WHERE base.class = '{name}')",
        is_person_count=True, contributors=(f"{name}_persons",), part_of="eligible_count",
    )  # fmt: skip


TIMELINESS = Measure(
    name="timeliness",
    title="接種時期",
    title_en="Timeliness",
    description="基準時点に住民である対象者を、その接種期の最初の接種の時期（早すぎる・標準的な時期・遅れ・時期不明・未接種）に分けて数える。",
    source="定期接種実施要領の標準的な接種期間、住民基本台帳、予防接種台帳",
    privacy_unit="person",
    values=(
        ValueColumn("eligible_count", "対象者数", "Eligible", "人", "count", "count(*)", is_person_count=True, is_released=False),
        *(_class_column(name) for name in _CLASSES),
    ),
    cuts=COVERAGE_CUTS,
    base_sql=_IN_CLASSES,
    parameters=MILESTONE_PARAMETERS,
    required_filters=("vaccine", "dose"),
    notes=(
        "対象者は到達コホート接種率と同じ。基準時点までの最も早い接種で分け、区分の合計は対象者数になる。",
        "早すぎる：対象期間の初日より前。標準的な時期：標準的な接種期間の最終日まで（定めがないときは対象期間の最終日まで）。",
        "時期不明：日付のない、または順序の合わない接種の記録だけがある者。",
    ),
    early=EARLY,
    once_per=("dose",),
    bind=bind_milestone,
    contributors={f"{name}_persons": f"{{persons}} FILTER (WHERE base.class = '{name}')" for name in _CLASSES},
    reference=("equivalence", "schedule", "series", "vaccine"),
)
