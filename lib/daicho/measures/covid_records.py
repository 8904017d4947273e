"""What the measures of COVID-19 read: each dose with the dimensions of its day, and the day on which each resident had had k doses.

Written once for each snapshot, in the order of persons. An unlinked record is of some person, not known which: the doses of one wide row are of
one, with a number below 0.
"""

from __future__ import annotations

MOST_DOSES = 10
COVID_REFERENCE = ("covid_maker", "covid_product", "municipality")
"""The code lists and reference tables that decide the tables."""

_HOME = "(SELECT min(code) FROM reference.municipality)"
# A person has had k doses when a dose numbered k or higher is on record, or when k doses are. One without a date is of no day.
_REACHED = ", ".join(
    f"least(min(given_on) FILTER (WHERE number >= {step}), list_sort(list(given_on))[{step}]) AS reached_{step}_on"
    for step in range(1, MOST_DOSES + 1)
)

COVID_STATEMENTS = (
    # A place is worked out once for each code. The first two digits are the prefecture, 01 to 47; a sixth is the check digit.
    f"""CREATE TABLE derived.covid_dose AS
    WITH place AS MATERIALIZED (
        SELECT municipality_code AS code,
               CASE WHEN NOT regexp_matches(municipality_code, '^(0[1-9]|[1-3][0-9]|4[0-7])[0-9]{{3,4}}$') THEN 'unknown'
                    WHEN left(municipality_code, 5) = left({_HOME}, 5) THEN 'own'
                    WHEN left(municipality_code, 2) = left({_HOME}, 2) THEN 'same_prefecture'
                    ELSE 'elsewhere' END AS place
        FROM (SELECT DISTINCT municipality_code FROM covid)
    )
    SELECT coalesce(c.person, -c.unlinked) AS person, c.number, c.given_on, fiscal_month(c.given_on) AS given_month,
           coalesce(m.code, 'unknown') AS maker, coalesce(l.code, 'unknown') AS product, coalesce(w.place, 'unknown') AS municipality, c.outcome,
           CASE WHEN c.outcome IN ('only_ledger', 'only_vrs', 'unlinked') THEN c.outcome ELSE 'both' END AS source,
           coalesce(c.district, 'unknown') AS district, CASE WHEN c.person IS NULL THEN 'unknown' ELSE coalesce(p.sex, '0') END AS sex,
           CAST(age_years_on(p.birth_date, c.given_on) AS SMALLINT) AS age_years
    FROM covid AS c
    LEFT JOIN person AS p ON p.person = c.person
    LEFT JOIN place AS w ON w.code = c.municipality_code
    LEFT JOIN reference.covid_maker AS m ON m.code = c.maker
    LEFT JOIN reference.covid_product AS l ON l.code = c.product
    ORDER BY 1, 2""",
    f"""CREATE TABLE derived.covid_resident AS
    WITH reached AS (SELECT person, {_REACHED} FROM covid WHERE person IS NOT NULL AND given_on IS NOT NULL GROUP BY person)
    SELECT r.person, r.resident_from, coalesce(r.resident_until, DATE '9999-12-31') AS resident_until, coalesce(r.district, 'unknown') AS district,
           coalesce(r.resident_class, 'unknown') AS resident_class, coalesce(p.sex, '0') AS sex, p.birth_date, d.* EXCLUDE (person)
    FROM residence AS r LEFT JOIN person AS p ON p.person = r.person LEFT JOIN reached AS d ON d.person = r.person
    ORDER BY r.person""",
)
