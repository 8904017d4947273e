"""The copy offered to other municipalities (中間サーバー), paired with the ledger dose by dose, once for each snapshot.

Compared are the vaccines of those diseases of which the copy holds anything. Doses of one person, vaccine and number are paired: those of one
day first, the others in order of their days; what finds no partner is only in one of them. A dose on a day on which the person was no resident is
for the municipality of that day to offer: without a partner it is no difference. Source: 特定個人情報保護評価書 (中間サーバー).
"""

from __future__ import annotations

COPY_REFERENCE = ("dose_stage", "vaccine")
"""The code lists and reference tables that decide the table."""

_FOLDED = "lower(replace(replace(p.{0}, ' ', ''), '　', ''))"
# A name may be written short (ロタリックス for ロタリックス内用液), but ガーダシル is not ガーダシル9.
_SAME_NAME = """(starts_with({long}, {short}) AND NOT regexp_matches(substr({long}, length({short}) + 1), '^[0-9]'))"""
_COPY_NAME, _NAME = _FOLDED.format("copy_name"), _FOLDED.format("name")
_NAMES_DIFFER = (
    f"coalesce(NOT ({_SAME_NAME.format(long=_NAME, short=_COPY_NAME)} OR {_SAME_NAME.format(long=_COPY_NAME, short=_NAME)}), false)"
)
_DAY = "coalesce({0}.given_on, DATE '0001-01-01')"

COPY_STATEMENTS = (
    f"""CREATE TABLE derived.copied_dose AS
    WITH disease AS (
        SELECT DISTINCT v.disease FROM shared_copy AS c JOIN reference.vaccine AS v ON v.code = c.vaccine
    ),
    copied AS MATERIALIZED (
        SELECT c.person, c.vaccine, coalesce(c.number, 1) AS number, c.given_on, c.vaccine_name, c.batch, c.line,
               row_number() OVER (PARTITION BY c.person, c.vaccine, coalesce(c.number, 1), c.given_on ORDER BY c.batch, c.line) AS place
        FROM shared_copy AS c
    ),
    original AS MATERIALIZED (
        SELECT d.person, d.vaccine, coalesce(d.number, CAST(s.number AS SMALLINT), 1) AS number, d.given_on, d.product, d.was_resident, d.batch, d.line,
               row_number() OVER (
                   PARTITION BY d.person, d.vaccine, coalesce(d.number, CAST(s.number AS SMALLINT), 1), d.given_on ORDER BY d.batch, d.line) AS place
        FROM dose AS d LEFT JOIN reference.dose_stage AS s ON s.code = d.dose
        WHERE d.vaccine IN (SELECT code FROM reference.vaccine WHERE disease IN (SELECT disease FROM disease))
    ),
    paired AS MATERIALIZED (       -- of one day
        SELECT coalesce(o.person, c.person) AS person, coalesce(o.vaccine, c.vaccine) AS vaccine, coalesce(o.number, c.number) AS number,
               o.given_on, c.given_on AS copied_on, o.product AS name, c.vaccine_name AS copy_name, o.was_resident, o.batch, o.line,
               c.batch AS copy_batch, c.line AS copy_line, o.person IS NOT NULL AS has_original, c.person IS NOT NULL AS has_copy
        FROM original AS o FULL JOIN copied AS c ON c.person = o.person AND c.vaccine = o.vaccine AND c.number = o.number
                                                AND {_DAY.format("c")} = {_DAY.format("o")} AND c.place = o.place
    ),
    alone AS MATERIALIZED (        -- the others, in order of their days
        SELECT *, row_number() OVER (
            PARTITION BY person, vaccine, number, has_original ORDER BY given_on NULLS LAST, copied_on NULLS LAST, batch, line, copy_batch, copy_line) AS place
        FROM paired WHERE NOT (has_original AND has_copy)
    ),
    pair AS (
        SELECT * FROM paired WHERE has_original AND has_copy
        UNION ALL
        SELECT coalesce(o.person, c.person), coalesce(o.vaccine, c.vaccine), coalesce(o.number, c.number), o.given_on, c.copied_on, o.name,
               c.copy_name, o.was_resident, o.batch, o.line, c.copy_batch, c.copy_line, o.person IS NOT NULL, c.person IS NOT NULL
        FROM (SELECT * FROM alone WHERE has_original) AS o FULL JOIN (SELECT * FROM alone WHERE has_copy) AS c
          ON c.person = o.person AND c.vaccine = o.vaccine AND c.number = o.number AND c.place = o.place
    )
    SELECT person, coalesce(vaccine, 'unknown') AS vaccine, coalesce(given_on, copied_on) AS given_on, batch, line, copy_batch, copy_line,
           fiscal_month(coalesce(given_on, copied_on)) AS given_month,
           CASE WHEN NOT has_copy AND (was_resident OR given_on IS NULL) THEN 'only_original'
                WHEN NOT has_copy THEN 'not_offered'
                WHEN NOT has_original THEN 'only_copy'
                WHEN given_on IS DISTINCT FROM copied_on AND {_NAMES_DIFFER} THEN 'differs_date_and_name'
                WHEN given_on IS DISTINCT FROM copied_on THEN 'differs_date'
                WHEN {_NAMES_DIFFER} THEN 'differs_name'
                ELSE 'agree' END AS outcome
    FROM pair AS p
    ORDER BY person""",
)
