"""A large mart for the payment benchmark, drawn at random in SQL: the tables that payments read, as the vault would write them.

Two fifths of the persons are children with a course of sixteen doses by the days of the schedule, the others seniors with a flu
dose most autumns. A few per cent of the claims are screenings, reimbursements, doses too early or outside the window, twins, or lack
something; one in a thousand has an officer's decision.
"""

from __future__ import annotations

import duckdb

from daicho.vault.mart_payments import CLOSED_COLUMNS

_COURSE = (
    ("HB", "HB-1", 65), ("HB", "HB-2", 100), ("HB", "HB-3", 235), ("BCG", "BCG-1", 170), ("MR", "MR-1", 380), ("MR", "MR-2", 2000),
    ("VAR", "VAR-1", 385), ("VAR", "VAR-2", 600), ("PCV", "PCV-1", 66), ("PCV", "PCV-2", 101), ("PCV", "PCV-3", 136), ("PCV", "PCV-A", 400),
    ("DPT-IPV", "DPT-IPV-11", 68), ("DPT-IPV", "DPT-IPV-12", 103), ("DPT-IPV", "DPT-IPV-13", 138),
    ("DPT-IPV", "DPT-IPV-1A", 500),
)  # fmt: skip
_SEASONS = 12
LAST_DAY = "DATE '2026-10-31'"


def _chance(salt: str, parts: int) -> str:
    """SQL: a number below `parts`, the same for the same row."""
    return f"CAST(hash(r.person, r.dose, r.turn, '{salt}') % {parts} AS INTEGER)"


def draw_ledger(connection: duckdb.DuckDBPyConnection, *, events: int) -> None:
    """Make the tables in the current schema; about `events` rows of `event`."""
    persons = events * 10 // 116
    course = ", ".join(f"('{vaccine}', '{dose}', {day})" for vaccine, dose, day in _COURSE)
    statements = (
        f"""CREATE TABLE person AS
        SELECT n::INTEGER AS person, CASE WHEN n % 500 <> 0 THEN birth END AS birth_date, 'day' AS birth_precision,
               (year(birth - 1) - CAST(month(birth - 1) < 4 AS INTEGER))::SMALLINT AS birth_fy, CAST(1 + n % 2 AS VARCHAR) AS sex, true AS is_registered
        FROM (SELECT n, CASE WHEN n % 5 < 2 THEN DATE '2016-10-01' + CAST(hash(n) % 3_500 AS INTEGER)
                             ELSE DATE '1930-01-01' + CAST(hash(n) % 11_000 AS INTEGER) END AS birth FROM range({persons}) AS t(n))""",
        f"""CREATE TABLE drawn AS
        WITH course (vaccine, dose, day) AS (VALUES {course}),
        row_of AS (
            SELECT p.person, c.vaccine, c.dose, 0 AS turn, p.birth_date + c.day AS due_on FROM person AS p, course AS c WHERE p.person % 5 < 2
            UNION ALL
            SELECT p.person, 'FLU-E', 'FLU-E-1', 2014 + t.n, make_date(2014 + CAST(t.n AS INTEGER), 10, 10) FROM person AS p, range({_SEASONS}) AS t(n)
            WHERE p.person % 5 >= 2
        )
        SELECT r.*, r.due_on + {_chance("day", 30)} - CASE WHEN {_chance("early", 100)} = 0 THEN 25 ELSE 0 END
                 + CASE WHEN {_chance("late", 100)} = 0 THEN 900 ELSE 0 END AS day, {_chance("flaw", 1000)} AS flaw, {_chance("place", 300)} AS place
        FROM row_of AS r WHERE {_chance("given", 100)} < 90""",
        _EVENT,
        "CREATE VIEW dose AS SELECT * FROM event WHERE NOT is_screened_only AND duplicate_rank = 1 AND is_in_use",
        """CREATE TABLE institution AS
        SELECT CAST(1310100000 + n AS VARCHAR) AS institution, 'A' || n % 3 AS association_code, NULL::DATE AS valid_from,
               CASE WHEN n % 50 = 0 THEN DATE '2020-03-31' END AS valid_to, '131032' AS municipality_code, '' AS name FROM range(300) AS t(n)""",
        """CREATE TABLE welfare AS
        SELECT person, 'welfare' AS welfare_class, CASE WHEN person % 4 = 0 THEN 'physical_1' END AS handbook_class, DATE '2015-04-01' AS valid_from,
               NULL::DATE AS valid_to FROM person WHERE person % 40 = 3""",
        """CREATE TABLE payment_decision AS
        SELECT person, vaccine, dose, event_on, is_screened_only, paid_month, institution, channel,
               ['pay', 'hold', 'reject', 'reverse'][1 + CAST(hash(person, dose) % 4 AS INTEGER)] AS decision, 'CONFIRMED' AS reason, 'R001' AS approver,
               DATE '2026-03-31' AS decided_on FROM event WHERE hash(person, dose, event_on) % 1000 = 0""",
        "CREATE TABLE closed_line (person INTEGER, " + ", ".join(f"{name} {kind}" for name, kind in CLOSED_COLUMNS.items()) + ")",
        "DROP TABLE drawn",
    )
    for statement in statements:
        connection.execute(statement)


_EVENT = f"""
CREATE TABLE event AS
WITH claimed AS (
    SELECT r.person, r.vaccine, r.dose, r.day, r.flaw, r.place, n.twin FROM drawn AS r, (VALUES (1), (2)) AS n(twin)
    WHERE r.day <= {LAST_DAY} AND (n.twin = 1 OR r.flaw < 10)
)
SELECT c.person, c.vaccine, c.dose, CASE WHEN c.flaw NOT IN (11, 20, 21) THEN c.day END AS given_on, c.day AS screened_on,
       CASE WHEN c.flaw <> 11 THEN c.day END AS event_on, c.flaw IN (20, 21) AS is_screened_only,
       CAST(1310100000 + c.place AS VARCHAR) AS institution, c.flaw <> 12 AS is_institution_valid,
       CASE WHEN c.flaw = 13 THEN 'unknown' WHEN c.place % 10 = 0 THEN CAST(131016 + c.place // 10 AS VARCHAR) ELSE '131032' END AS ward,
       CASE WHEN c.vaccine = 'HB' THEN CASE WHEN c.place % 2 = 0 THEN 'HB-A' ELSE 'HB-B' END END AS product, NULL::VARCHAR AS lot,
       CASE WHEN c.flaw <> 14 THEN year(c.day + 40) * 100 + month(c.day + 40) END::INTEGER AS paid_month, '1' AS location_flag,
       c.flaw = 15 AS is_transitional, CASE WHEN c.flaw = 16 THEN 'exempt' WHEN c.vaccine = 'FLU-E' THEN 'paid' END AS copay_class,
       NULL::VARCHAR AS combination, NULL::VARCHAR AS record_source, 1::INTEGER AS batch, CAST(row_number() OVER () AS INTEGER) AS line, true AS is_in_use,
       c.twin::SMALLINT AS duplicate_rank,
       CASE WHEN c.flaw = 11 THEN 'missing' WHEN p.birth_date > c.day THEN 'before_birth' ELSE 'ok' END AS date_status, c.flaw <> 17 AS was_resident,
       'shiba' AS district, 'japanese' AS resident_class, CASE WHEN c.flaw IN (18, 19) OR (c.twin = 2 AND c.flaw < 5) THEN 'reimbursement' END AS channel,
       CASE WHEN c.flaw IN (18, 19) THEN 9_000 WHEN c.flaw = 22 THEN 1 END::BIGINT AS charged_yen, NULL::VARCHAR AS fee_code,
       CASE WHEN c.flaw = 18 THEN c.day - 20 END AS requested_on, CASE WHEN c.flaw IN (18, 19) THEN c.day + 60 END AS applied_on
FROM claimed AS c JOIN person AS p ON p.person = c.person
ORDER BY c.person
"""
