"""Spells of residence with what the register says of the person, written once for each snapshot. `is_sole`: the person has no other."""

from __future__ import annotations

SPELL_STATEMENTS = (
    """CREATE TABLE derived.resident_spell AS
    SELECT r.person, r.resident_from, coalesce(r.resident_until, DATE '9999-12-31') AS resident_until, coalesce(r.district, 'unknown') AS district,
           coalesce(r.resident_class, 'unknown') AS resident_class, coalesce(r.from_reason, '') AS from_reason,
           coalesce(r.until_reason, '') AS until_reason, coalesce(p.sex, '0') AS sex, CAST(p.birth_fy AS SMALLINT) AS birth_fy,
           count(*) OVER (PARTITION BY r.person) = 1 AS is_sole
    FROM residence AS r LEFT JOIN person AS p ON p.person = r.person
    ORDER BY r.person""",
)
