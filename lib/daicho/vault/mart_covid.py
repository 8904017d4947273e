"""The mart's tables on COVID-19 and on the copy offered to other municipalities.

`covid`: each dose once, whichever source has it. Within a source, one dose of one person by number: of what the newest delivery says under
each 宛名番号, a row that says it was given, that under the number in use first. A row of the ledger without a number is the dose of that day
that VRS or another row numbers; else it stays, unnumbered. A row of VRS without 宛名番号 (unlinked) is nobody's: it matches nothing and is
kept. A field disagrees where both sources fill it, and differently. The ledger's word goes before that of VRS.
"""

from __future__ import annotations

from collections.abc import Sequence

from daicho.vault.catalog import Batch

_NOT_A_DOSE = "('not_given', 'screened', 'cancelled')"
_LEDGER = {
    "number": "SMALLINT", "given_on": "DATE", "municipality_code": "VARCHAR", "maker": "VARCHAR", "lot": "VARCHAR", "product_name": "VARCHAR",
    "status": "VARCHAR", "certificate_issued_on": "DATE", "certificate_channel": "VARCHAR", "line": "INTEGER",
}  # fmt: skip
_VRS = {
    "number": "SMALLINT", "given_on": "DATE", "municipality_code": "VARCHAR", "maker": "VARCHAR", "lot": "VARCHAR", "registered_at": "TIMESTAMP",
    "line": "INTEGER",
}  # fmt: skip
_COPY = {"vaccine_code": "VARCHAR", "number": "SMALLINT", "given_on": "DATE", "vaccine_name": "VARCHAR", "line": "INTEGER"}

_SAME_DOSE = "person, number, CASE WHEN number IS NULL THEN given_on END"
_NEWEST = f"batch = max(batch) OVER (PARTITION BY is_current, {_SAME_DOSE})"
_ORDER = "is_given DESC, is_current DESC"
_REST = "given_on NULLS LAST, maker NULLS LAST, lot NULLS LAST, municipality_code NULLS LAST, line NULLS LAST"


def _rows(batches: Sequence[Batch], kind: str, columns: dict[str, str]) -> str:
    """Every row of a kind with its person (null where it names none); a segment of an older version may lack a column."""
    empty = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in columns.items())
    parts = [
        f"""SELECT n.person, n.is_current, {", ".join(f"c.{name}" for name in columns)}, {each.batch}::INTEGER AS batch
            FROM (SELECT * FROM b{each.batch}.rows UNION ALL BY NAME SELECT {empty} WHERE false) c
            LEFT JOIN number_of n ON n.batch = {each.batch} AND n.local = c.person"""
        for each in batches
        if each.kind == kind
    ]
    none = f"SELECT NULL::INTEGER AS person, NULL::BOOLEAN AS is_current, {empty}, NULL::INTEGER AS batch WHERE false"
    return "\nUNION ALL\n".join(parts) or none


def covid_tables(batches: Sequence[Batch]) -> list[str]:
    """The statements that make `mart.covid`, `mart.certificate` and `mart.shared_copy`, after `mart.residence`."""
    return [
        f"""CREATE TEMP TABLE covid_ledger AS
        SELECT * REPLACE (nullif(number, 0) AS number), coalesce(status, 'unknown') NOT IN {_NOT_A_DOSE}
               AND (given_on IS NOT NULL OR (number > 0 AND status = 'given')) AS is_given
        FROM ({_rows(batches, "covid_record", _LEDGER)})""",
        f"""CREATE TEMP TABLE told_by_ledger AS
        SELECT * FROM (SELECT * FROM covid_ledger WHERE number IS NOT NULL OR given_on IS NOT NULL QUALIFY {_NEWEST})
        QUALIFY row_number() OVER (PARTITION BY {_SAME_DOSE} ORDER BY {_ORDER}, product_name NULLS LAST, {_REST}) = 1""",
        f"""CREATE TEMP TABLE covid_vrs AS
        SELECT * REPLACE (nullif(number, 0) AS number), true AS is_given FROM ({_rows(batches, "vrs_wide", _VRS)})
        WHERE given_on IS NOT NULL OR registered_at IS NOT NULL""",
        f"""CREATE TEMP TABLE told_by_vrs AS
        SELECT * FROM (SELECT * FROM covid_vrs WHERE person IS NOT NULL QUALIFY {_NEWEST})
        QUALIFY row_number() OVER (PARTITION BY {_SAME_DOSE} ORDER BY {_ORDER}, registered_at DESC NULLS LAST, {_REST}) = 1""",
        _UNLINKED,
        _NUMBERED_LEDGER,
        _COVID,
        """CREATE TABLE mart.certificate AS
        SELECT DISTINCT person, certificate_issued_on AS issued_on, certificate_channel AS channel
        FROM (SELECT * FROM covid_ledger WHERE certificate_issued_on IS NOT NULL
              QUALIFY batch = max(batch) OVER (PARTITION BY person, certificate_issued_on)) ORDER BY ALL""",
        f"""CREATE TABLE mart.shared_copy AS
        SELECT person, vaccine_code AS vaccine, number, given_on, vaccine_name, batch, line FROM ({_rows(batches, "shared_copy", _COPY)})
        WHERE person IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY person, vaccine_code, number, given_on, vaccine_name ORDER BY batch DESC, line NULLS LAST) = 1
        ORDER BY person, vaccine, number, given_on""",
    ]


# A later delivery repeats unlinked rows of an earlier one: each content counts as often as the delivery that has it most often.
# Doses of one wide row share its line: they are of one person, whoever it is.
_UNLINKED = """CREATE TEMP TABLE unlinked_vrs AS
WITH counted AS (
    SELECT *, row_number() OVER (
        PARTITION BY batch, number, given_on, municipality_code, maker, lot, registered_at ORDER BY line NULLS LAST) AS copy
    FROM covid_vrs WHERE person IS NULL
)
SELECT * EXCLUDE (copy),
       CASE WHEN line IS NULL THEN row_number() OVER (ORDER BY batch, number, given_on) + 2000000000
            ELSE dense_rank() OVER (ORDER BY batch, line) END::INTEGER AS unlinked
FROM counted
QUALIFY row_number() OVER (PARTITION BY number, given_on, municipality_code, maker, lot, registered_at, copy ORDER BY batch) = 1"""

_NUMBERED_LEDGER = """CREATE TEMP TABLE numbered_ledger AS
WITH given AS (SELECT * FROM told_by_ledger WHERE is_given),
numbered AS (SELECT * FROM given WHERE number IS NOT NULL),
of_day AS (SELECT person, given_on, min(number) AS number FROM told_by_vrs WHERE number IS NOT NULL GROUP BY ALL),
further AS (
    SELECT g.* REPLACE (d.number AS number) FROM given g LEFT JOIN of_day d ON d.person = g.person AND d.given_on = g.given_on
    WHERE g.number IS NULL
)
SELECT * FROM numbered
UNION ALL
SELECT f.* FROM further f
ANTI JOIN numbered n ON n.person = f.person AND n.given_on = f.given_on
ANTI JOIN numbered m ON m.person = f.person AND m.number = f.number"""

_COVID = """CREATE TABLE mart.covid AS
WITH paired AS (
    SELECT coalesce(l.person, v.person) AS person, NULL::INTEGER AS unlinked, coalesce(l.number, v.number) AS number,
           coalesce(l.given_on, v.given_on) AS given_on, coalesce(l.municipality_code, v.municipality_code) AS municipality_code,
           CASE WHEN coalesce(l.maker, 'unknown') = 'unknown' THEN v.maker ELSE l.maker END AS maker, l.product_name AS product,
           coalesce(l.lot, v.lot) AS lot, l.batch IS NOT NULL AS in_ledger, v.batch IS NOT NULL AS in_vrs,
           coalesce(l.given_on <> v.given_on, false) AS differs_date,
           coalesce(nullif(l.maker, 'unknown') <> nullif(v.maker, 'unknown'), false) AS differs_maker,
           coalesce(upper(replace(l.lot, ' ', '')) <> upper(replace(v.lot, ' ', '')), false) AS differs_lot,
           coalesce(left(l.municipality_code, 5) <> left(v.municipality_code, 5), false) AS differs_municipality,
           l.batch, l.line, v.batch AS vrs_batch, v.line AS vrs_line
    FROM numbered_ledger l FULL JOIN told_by_vrs v ON v.person = l.person AND v.number = l.number
    UNION ALL
    SELECT NULL, unlinked, number, given_on, municipality_code, maker, NULL, lot, false, true, false, false, false, false, NULL, NULL, batch, line
    FROM unlinked_vrs
)
SELECT p.* EXCLUDE (in_ledger, in_vrs, differs_date, differs_maker, differs_lot, differs_municipality),
       CASE WHEN p.person IS NULL THEN 'unlinked'
            WHEN NOT in_vrs THEN 'only_ledger'
            WHEN NOT in_ledger THEN 'only_vrs'
            WHEN differs_date::INTEGER + differs_maker::INTEGER + differs_lot::INTEGER + differs_municipality::INTEGER > 1 THEN 'differs_several'
            WHEN differs_date THEN 'differs_date'
            WHEN differs_maker THEN 'differs_maker'
            WHEN differs_lot THEN 'differs_lot'
            WHEN differs_municipality THEN 'differs_municipality'
            ELSE 'agree' END AS outcome,
       r.person IS NOT NULL AS was_resident, r.district, r.resident_class
FROM paired p
LEFT JOIN mart.residence r ON r.person = p.person AND r.resident_from <= p.given_on
                          AND p.given_on < coalesce(r.resident_until, DATE '9999-12-31')
ORDER BY p.person NULLS LAST, unlinked, number"""
