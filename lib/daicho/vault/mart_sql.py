"""The SQL of the mart, statement by statement. Attached: one database `b<N>` for each live batch, and `mart` to write."""

from __future__ import annotations

from collections.abc import Sequence

from daicho.core.config import NO_SOURCE, RecordRule
from daicho.vault.catalog import Batch
from daicho.vault.mart_covid import covid_tables


def _union(batches: Sequence[Batch], kind: str, select: str, *, empty: str) -> str:
    """UNION ALL of `select` over the batches of one kind; `{b}` is the batch number. `empty` gives typed columns when there is none."""
    parts = [select.format(b=batch.batch) for batch in batches if batch.kind == kind]
    return "\nUNION ALL\n".join(parts) if parts else f"SELECT {empty} WHERE false"


def all_numbers(batches: Sequence[Batch]) -> str:
    """Every pseudonymised number of every batch."""
    parts = [f"SELECT {batch.batch}::INTEGER AS batch, local, pseudonym FROM b{batch.batch}.pseudonym" for batch in batches]
    body = "\nUNION ALL\n".join(parts) or "SELECT NULL::INTEGER AS batch, NULL::INTEGER AS local, NULL::BLOB AS pseudonym WHERE false"
    return f"CREATE TEMP TABLE number AS {body}"


def number_changes(batches: Sequence[Batch]) -> str:
    """`link(old, new, changed_on)`: which number leads to which.

    Two numbers exchanged on one day (a swap) stay two persons. A number that came back to its former holder on a
    later day is that person again: the later change is the one that leads.
    """
    body = _union(
        batches,
        "number_change",
        """SELECT o.pseudonym AS old, n.pseudonym AS new, c.changed_on
           FROM b{b}.rows c JOIN b{b}.pseudonym o ON o.local = c.person_old JOIN b{b}.pseudonym n ON n.local = c.person_new""",
        empty="NULL::BLOB AS old, NULL::BLOB AS new, NULL::DATE AS changed_on",
    )
    return f"""
    CREATE TEMP TABLE link AS
    WITH change AS (SELECT old, new, max(changed_on) AS changed_on FROM ({body}) WHERE old <> new GROUP BY old, new)
    SELECT c.* FROM change c LEFT JOIN change r ON r.old = c.new AND r.new = c.old
    WHERE r.old IS NULL OR c.changed_on > r.changed_on
    """


# Cycles: take away every change whose new number changes no further, again and again; what stays is a cycle.
START_OPEN_CHANGES = "CREATE TEMP TABLE open_change AS SELECT old, new FROM link"
COUNT_OPEN_CHANGES = "SELECT count(*) FROM open_change"
CLOSE_CHANGES = """
CREATE OR REPLACE TEMP TABLE open_change AS SELECT * FROM open_change WHERE new IN (SELECT old FROM open_change)
"""

# Persons: numbers joined by changes are one group; each takes the smallest label of its neighbours until nothing moves.
START_GROUPS = """
CREATE TEMP TABLE number_group AS SELECT DISTINCT pseudonym, pseudonym AS label FROM (SELECT old AS pseudonym FROM link UNION ALL SELECT new FROM link)
"""
COUNT_UNSETTLED_GROUPS = """
SELECT count(*) FROM link l JOIN number_group a ON a.pseudonym = l.old JOIN number_group b ON b.pseudonym = l.new WHERE a.label <> b.label
"""
SETTLE_GROUPS = """
CREATE OR REPLACE TEMP TABLE number_group AS
WITH neighbour AS (
    SELECT l.old AS pseudonym, g.label FROM link l JOIN number_group g ON g.pseudonym = l.new
    UNION ALL SELECT l.new, g.label FROM link l JOIN number_group g ON g.pseudonym = l.old
    UNION ALL SELECT pseudonym, label FROM number_group
)
SELECT pseudonym, min(label) AS label FROM neighbour GROUP BY pseudonym
"""

NUMBER_OF = (
    # The number in use: the one of the group that no change leaves; of several, the one of the latest change, or all of that day's.
    # Pseudonyms change when keys are rotated: no rule may prefer one number to another by them.
    """CREATE TEMP TABLE holder AS
    SELECT DISTINCT pseudonym FROM (
        SELECT g.pseudonym FROM number_group g JOIN link l ON l.new = g.pseudonym
        WHERE g.pseudonym NOT IN (SELECT old FROM link)
        QUALIFY rank() OVER (PARTITION BY g.label ORDER BY l.changed_on DESC NULLS FIRST) = 1
    )""",
    # Dense person numbers in pseudonym order: the same ledger gives the same numbers.
    """CREATE TEMP TABLE identity AS
    WITH every AS (SELECT DISTINCT pseudonym FROM number)
    SELECT e.pseudonym, g.label IS NULL OR h.pseudonym IS NOT NULL AS is_current,
           (dense_rank() OVER (ORDER BY coalesce(g.label, e.pseudonym)))::INTEGER AS person
    FROM every e LEFT JOIN number_group g USING (pseudonym) LEFT JOIN holder h USING (pseudonym)""",
    """CREATE TEMP TABLE number_of AS
    SELECT n.batch, n.local, i.person, i.is_current, n.pseudonym FROM number n JOIN identity i USING (pseudonym)""",
)


def tables(batches: Sequence[Batch], records: RecordRule) -> list[str]:
    """The statements that make the mart's tables, in order. Segments of an older contract may lack a column: it is empty then."""
    return [
        *_register(batches),
        *_events(batches, records),
        *covid_tables(batches),
        _simple(
            batches, "welfare", "welfare", "welfare_class, handbook_class, valid_from, valid_to",
            "NULL::VARCHAR AS welfare_class, NULL::VARCHAR AS handbook_class, NULL::DATE AS valid_from, NULL::DATE AS valid_to",
        ),
        _doses(
            batches, "notice_history", "notice", "sent_on, notice_kind", "NULL::DATE AS sent_on, NULL::VARCHAR AS notice_kind",
        ),
        _institutions(batches),
    ]  # fmt: skip


def _register(batches: Sequence[Batch]) -> list[str]:
    rows = _union(
        batches,
        "resident",
        """SELECT n.person, n.is_current, n.pseudonym, {b} AS batch, r.birth_date, r.birth_precision, r.sex, r.district, r.resident_from,
                  r.resident_until, r.resident_class, r.resident_from_reason, r.resident_until_reason, r.sampling_weight, r.line
           FROM (SELECT * FROM b{b}.rows UNION ALL BY NAME SELECT NULL::BIGINT AS sampling_weight, NULL::INTEGER AS line WHERE false) r
           JOIN number_of n ON n.batch = {b} AND n.local = r.person""",
        empty="""NULL::INTEGER AS person, NULL::BOOLEAN AS is_current, NULL::BLOB AS pseudonym, NULL::INTEGER AS batch, NULL::DATE AS birth_date,
                 NULL::VARCHAR AS birth_precision, NULL::VARCHAR AS sex, NULL::VARCHAR AS district, NULL::DATE AS resident_from,
                 NULL::DATE AS resident_until, NULL::VARCHAR AS resident_class, NULL::VARCHAR AS resident_from_reason,
                 NULL::VARCHAR AS resident_until_reason, NULL::BIGINT AS sampling_weight,
                 NULL::INTEGER AS line""",
    )
    return [
        # A later delivery replaces what an earlier one said of the same number.
        f"""CREATE TEMP TABLE register AS
        SELECT * FROM ({rows}) QUALIFY batch = max(batch) OVER (PARTITION BY pseudonym)""",
        # The newest row of the number in use.
        """CREATE TEMP TABLE known AS
        SELECT person, birth_date, birth_precision, sex, sampling_weight, batch, line FROM register
        QUALIFY row_number() OVER (PARTITION BY person ORDER BY is_current DESC, batch DESC, resident_from DESC NULLS LAST,
                                   birth_precision, birth_date NULLS LAST, sex, sampling_weight NULLS LAST, line NULLS LAST) = 1""",
        # Where that row stands in its extract: for worklists (a segment of an older version knows no lines).
        "CREATE TABLE mart.person_row AS SELECT person, batch, line FROM known ORDER BY person",
        """CREATE TABLE mart.person AS
        WITH every AS (SELECT DISTINCT person FROM number_of)
        SELECT e.person,
               CASE WHEN k.birth_precision = 'day' THEN k.birth_date END AS birth_date,
               coalesce(k.birth_precision, 'unknown') AS birth_precision,
               CASE WHEN k.birth_precision = 'day'
                    THEN (year(k.birth_date - 1) - (month(k.birth_date - 1) < 4)::INTEGER)::SMALLINT END AS birth_fy,
               coalesce(k.sex, '0') AS sex,
               k.sampling_weight,
               k.person IS NOT NULL AS is_registered
        FROM every e LEFT JOIN known k USING (person) ORDER BY e.person""",
        # Spells of residence, made disjoint: overlapping rows of one person (old and new number) are one spell, the newest row's district.
        """CREATE TABLE mart.residence AS
        WITH spell AS (
            SELECT person, resident_from, resident_until, district, resident_class, resident_from_reason, resident_until_reason, is_current, batch,
                   max(coalesce(resident_until, DATE '9999-12-31')) OVER (
                       PARTITION BY person ORDER BY resident_from, resident_until NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
            FROM register WHERE resident_from IS NOT NULL AND (resident_until IS NULL OR resident_until > resident_from)
        ),
        island AS (
            SELECT *, sum((reached IS NULL OR resident_from > reached)::INTEGER) OVER (
                PARTITION BY person ORDER BY resident_from, resident_until NULLS LAST ROWS UNBOUNDED PRECEDING) AS part
            FROM spell
        )
        SELECT person, min(resident_from) AS resident_from,
               nullif(max(coalesce(resident_until, DATE '9999-12-31')), DATE '9999-12-31') AS resident_until,
               coalesce(arg_max(district, (is_current, batch, resident_from)), 'unknown') AS district,
               coalesce(arg_max(resident_class, (is_current, batch, resident_from)), 'unknown') AS resident_class,
               -- Of rows that say different reasons for one day, the newest speaks.
               arg_max(coalesce(resident_from_reason, 'unknown'), (DATE '9999-12-31' - resident_from, is_current, batch)) AS from_reason,
               arg_max(coalesce(resident_until_reason, 'unknown'), (coalesce(resident_until, DATE '9999-12-31'), is_current, batch)) AS until_reason
        FROM island GROUP BY person, part ORDER BY person""",
    ]


def _in_use(rows: str, records: RecordRule) -> str:
    """The rows with `is_in_use`: whether a record counts by the rule on sources (記録元). A screening always does."""
    if not records.text:
        return f"SELECT *, true AS is_in_use FROM ({rows})"
    source = f"coalesce(record_source, '{NO_SOURCE}')"
    barred = "".join(
        f" WHEN '{name}' THEN bool_or({source} = '{other}') OVER (PARTITION BY person)"
        for name, other in sorted(records.only_without.items())
    )
    order = "".join(f" WHEN '{name}' THEN {place}" for place, name in enumerate(records.precedence))
    return f"""WITH weighed AS (
        SELECT *, {f"CASE {source}{barred} ELSE false END" if barred else "false"} AS is_barred,
               {f"CASE {source}{order} ELSE {len(records.precedence)} END" if order else "0"} AS place FROM ({rows})
    )
    SELECT * EXCLUDE (is_barred, place), is_screened_only OR (NOT is_barred AND place = min(place) FILTER (NOT is_barred AND NOT is_screened_only)
           OVER (PARTITION BY person, vaccine, dose, CASE WHEN dose = 'unknown' THEN stage END, CASE WHEN dose = 'unknown' THEN number END)) AS is_in_use
    FROM weighed"""


def _events(batches: Sequence[Batch], records: RecordRule) -> list[str]:
    rows = _union(
        batches,
        "vaccination",
        """SELECT n.person, v.vaccine_code AS vaccine, coalesce(d.code, 'unknown') AS dose, v.stage, v.number, v.given_on, v.screened_on,
                  coalesce(v.given_on, v.screened_on) AS event_on, coalesce(v.is_screened_only, false) AS is_screened_only,
                  v.institution_code AS institution, v.is_institution_valid, v.ward_code AS ward, coalesce(v.product_name, v.product_kind) AS product,
                  v.lot, v.paid_month, v.location_flag, coalesce(v.is_transitional, false) AS is_transitional, v.copay_class, v.combination,
                  v.record_source, v.channel, v.charged_yen, v.fee_code, v.requested_on, v.applied_on, {b}::INTEGER AS batch, v.line
           FROM (SELECT * FROM b{b}.rows UNION ALL BY NAME
                 SELECT NULL::VARCHAR AS record_source, NULL::VARCHAR AS channel, NULL::BIGINT AS charged_yen, NULL::VARCHAR AS fee_code,
                        NULL::DATE AS requested_on, NULL::DATE AS applied_on, NULL::INTEGER AS line WHERE false) v
           JOIN number_of n ON n.batch = {b} AND n.local = v.person
           LEFT JOIN dose_lookup d ON d.vaccine_code = v.vaccine_code AND d.stage = coalesce(v.stage, '') AND d.number = coalesce(v.number, 1)""",
        empty="""NULL::INTEGER AS person, NULL::VARCHAR AS vaccine, NULL::VARCHAR AS dose, NULL::VARCHAR AS stage, NULL::SMALLINT AS number,
                 NULL::DATE AS given_on, NULL::DATE AS screened_on, NULL::DATE AS event_on, NULL::BOOLEAN AS is_screened_only,
                 NULL::VARCHAR AS institution, NULL::BOOLEAN AS is_institution_valid, NULL::VARCHAR AS ward, NULL::VARCHAR AS product,
                 NULL::VARCHAR AS lot, NULL::INTEGER AS paid_month, NULL::VARCHAR AS location_flag, NULL::BOOLEAN AS is_transitional,
                 NULL::VARCHAR AS copay_class, NULL::VARCHAR AS combination, NULL::VARCHAR AS record_source, NULL::VARCHAR AS channel,
                 NULL::BIGINT AS charged_yen, NULL::VARCHAR AS fee_code, NULL::DATE AS requested_on, NULL::DATE AS applied_on,
                 NULL::INTEGER AS batch, NULL::INTEGER AS line""",
    )
    # A dose in no code list is told apart by what the extract wrote.
    key = "person, vaccine, dose, CASE WHEN dose = 'unknown' THEN stage END, CASE WHEN dose = 'unknown' THEN number END, event_on, is_screened_only"
    every = """person, vaccine, dose, stage, number, given_on, screened_on, event_on, is_screened_only, institution, is_institution_valid, ward,
               product, lot, paid_month, location_flag, is_transitional, copay_class, combination, record_source, channel, charged_yen, fee_code, requested_on,
               applied_on"""
    return [
        f"CREATE TEMP VIEW entry AS SELECT *, hash({key}) AS twin FROM ({_in_use(rows, records)})",
        # Only rows that share a key with another are worth ranking: a few per cent.
        "CREATE TEMP TABLE twins AS SELECT twin FROM entry GROUP BY twin HAVING count(*) > 1",
        f"""CREATE TEMP TABLE ranked AS
        WITH once AS (
            SELECT * FROM entry WHERE twin IN (SELECT twin FROM twins) QUALIFY row_number() OVER (PARTITION BY {every} ORDER BY batch, line NULLS LAST) = 1
        )
        SELECT *, CASE WHEN event_on IS NULL THEN 1 ELSE row_number() OVER (
            PARTITION BY {key} ORDER BY is_in_use DESC, paid_month NULLS LAST, location_flag NULLS LAST, batch, institution NULLS LAST, ward NULLS LAST,
                                        lot NULLS LAST, product NULLS LAST, copay_class NULLS LAST, record_source NULLS LAST, channel NULLS LAST,
                                        line NULLS LAST) END::SMALLINT AS duplicate_rank
        FROM once""",
        """CREATE TABLE mart.event AS
        WITH entries AS (
            SELECT *, 1::SMALLINT AS duplicate_rank FROM entry WHERE twin NOT IN (SELECT twin FROM twins)
            UNION ALL SELECT * FROM ranked
        )
        SELECT e.* EXCLUDE (twin),
               CASE WHEN e.event_on IS NULL OR (e.given_on IS NULL AND NOT e.is_screened_only) THEN 'missing'
                    WHEN p.birth_date IS NOT NULL AND e.event_on < p.birth_date THEN 'before_birth' ELSE 'ok' END AS date_status,
               r.person IS NOT NULL AS was_resident, r.district, r.resident_class
        FROM entries e
        JOIN mart.person p ON p.person = e.person
        LEFT JOIN mart.residence r ON r.person = e.person AND r.resident_from <= e.event_on
                                  AND e.event_on < coalesce(r.resident_until, DATE '9999-12-31')
        """,
        "CREATE VIEW mart.dose AS SELECT * FROM event WHERE NOT is_screened_only AND duplicate_rank = 1 AND is_in_use",
        f"CREATE TABLE mart.record_rule AS SELECT '{records.text}' AS rule",
    ]


def _simple(batches: Sequence[Batch], kind: str, table: str, columns: str, empty: str) -> str:
    rows = _union(
        batches,
        kind,
        f"SELECT n.person, {columns} FROM b{{b}}.rows w JOIN number_of n ON n.batch = {{b}} AND n.local = w.person",
        empty=f"NULL::INTEGER AS person, {empty}",
    )
    return f"CREATE TABLE mart.{table} AS SELECT DISTINCT * FROM ({rows}) ORDER BY ALL"


def _doses(batches: Sequence[Batch], kind: str, table: str, columns: str, empty: str) -> str:
    rows = _union(
        batches,
        kind,
        f"""SELECT n.person, w.vaccine_code AS vaccine, coalesce(d.code, 'unknown') AS dose, w.stage, w.number, {columns}
            FROM b{{b}}.rows w JOIN number_of n ON n.batch = {{b}} AND n.local = w.person
            LEFT JOIN dose_lookup d ON d.vaccine_code = w.vaccine_code AND d.stage = coalesce(w.stage, '') AND d.number = coalesce(w.number, 1)""",
        empty=f"NULL::INTEGER AS person, NULL::VARCHAR AS vaccine, NULL::VARCHAR AS dose, NULL::VARCHAR AS stage, NULL::SMALLINT AS number, {empty}",
    )
    return f"CREATE TABLE mart.{table} AS SELECT DISTINCT * FROM ({rows}) ORDER BY ALL"


def _institutions(batches: Sequence[Batch]) -> str:
    rows = _union(
        batches,
        "institution",
        "SELECT institution_code AS institution, name, municipality_code, association_code, valid_from, valid_to, {b} AS batch FROM b{b}.rows",
        empty="""NULL::VARCHAR AS institution, NULL::VARCHAR AS name, NULL::VARCHAR AS municipality_code, NULL::VARCHAR AS association_code,
                 NULL::DATE AS valid_from, NULL::DATE AS valid_to, NULL::INTEGER AS batch""",
    )
    return f"""CREATE TABLE mart.institution AS
    SELECT * EXCLUDE (batch) FROM ({rows})
    QUALIFY batch = max(batch) OVER (PARTITION BY institution, valid_from) ORDER BY institution, valid_from"""
