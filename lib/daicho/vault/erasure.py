"""What is to be erased from the vault: rows past their retention period, or every row of one person.

A record's period is counted from the end of the fiscal year it lies in. Dated records decide by their own day; a register row by the day the
person ceased to be a resident, and never while a record of that number is kept; welfare spells by their last day; a change of numbers stays
as long as either number has anything else. A row that bears no day counts from the day it was taken in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from daicho.core.config import Config
from daicho.core.fiscal import fiscal_year, fiscal_year_start
from daicho.vault.catalog import Batch, Catalog, VaultPaths
from daicho.vault.engine import engine
from daicho.vault.keys import KeyRing
from daicho.vault.mart import link_numbers
from daicho.vault.rekey import START_GONE, attach_batches

# The day of a record, by kind of extract; `r` is the row.
_MONTH = "make_date(r.paid_month // 100, r.paid_month % 100, 1)"
DATED = {
    "vaccination": f"coalesce(r.given_on, r.screened_on, {_MONTH})",
    "covid_record": "greatest(r.given_on, r.certificate_issued_on)",
    "vrs_wide": "r.given_on",
    "notice_history": "r.sent_on",
    "shared_copy": "r.given_on",
    "payment_close": "coalesce(r.event_on, make_date(r.closed_month // 100, r.closed_month % 100, 1))",
}
# Records that name nobody of the register: a bill's lines, and officers' decisions (with who approved them).
IMPERSONAL = {"invoice": _MONTH, "payment_decision": "r.decided_on"}
# Kinds that name a person without being a record of their own: the last day they tell of.
SPELLS = {"resident": "r.resident_until", "welfare": "r.valid_to"}
CHANGES = "number_change"
PERSONS = {**dict.fromkeys((*DATED, *SPELLS), ("person",)), CHANGES: ("person_old", "person_new")}


@dataclass(frozen=True)
class Count:
    """Rows of one table that are to go, by fiscal year of the record; no year where the table is not counted by year."""

    table: str
    fiscal_year: int | None
    rows: int


def first_kept_year(on: date, *, years: int) -> int:
    """The earliest fiscal year that is still within a period of `years`, counted from the end of the year of the record."""
    return fiscal_year(on) - years


@dataclass(frozen=True)
class PastRetention:
    """Marks rows past the period. Use as `mark` of a rewriting."""

    on: date
    years: int

    def __call__(self, connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> None:
        cutoff = fiscal_year_start(first_kept_year(self.on, years=self.years)).isoformat()
        _read_rows(connection, batches)
        connection.execute(f"CREATE TEMP TABLE old_row AS SELECT * FROM held_row WHERE is_record AND day < DATE '{cutoff}'")
        kept = "SELECT pseudonym FROM held_row WHERE is_record AND pseudonym IS NOT NULL AND (batch, row) NOT IN (SELECT (batch, row) FROM old_row)"
        connection.execute(f"CREATE TEMP TABLE anchored AS {kept}")
        register = "kind = 'resident'"
        connection.execute(
            f"""INSERT INTO old_row SELECT * FROM held_row WHERE {register} AND day < DATE '{cutoff}'
                AND pseudonym NOT IN (SELECT pseudonym FROM anchored)"""
        )
        connection.execute(
            f"""INSERT INTO anchored SELECT pseudonym FROM held_row WHERE {register} AND pseudonym IS NOT NULL
                AND (batch, row) NOT IN (SELECT (batch, row) FROM old_row)"""
        )
        # Whoever leaves with this erasure leaves whole: welfare spells and number changes do not stay behind alone.
        connection.execute(
            f"""INSERT INTO old_row SELECT * FROM held_row WHERE kind = 'welfare'
                AND (day < DATE '{cutoff}'
                     OR (pseudonym IN (SELECT pseudonym FROM old_row) AND pseudonym NOT IN (SELECT pseudonym FROM anchored)))"""
        )
        connection.execute(
            f"""INSERT INTO old_row SELECT * FROM held_row WHERE kind = '{CHANGES}' AND (batch, row) IN (
                    SELECT (batch, row) FROM held_row WHERE kind = '{CHANGES}' GROUP BY batch, row
                    HAVING bool_or(pseudonym IN (SELECT pseudonym FROM old_row)) AND NOT bool_or(pseudonym IN (SELECT pseudonym FROM anchored)))"""
        )
        connection.execute(
            "INSERT INTO gone_row SELECT batch, row, any_value(year(day) - (month(day) < 4)::INTEGER) FROM old_row GROUP BY batch, row"
        )
        # A number goes from a batch with the last row that bears it.
        connection.execute(
            """INSERT INTO gone_number SELECT batch, local FROM held_row WHERE local IS NOT NULL GROUP BY batch, local
               HAVING bool_and((batch, row) IN (SELECT (batch, row) FROM gone_row))"""
        )


@dataclass(frozen=True)
class OfPersons:
    """Marks every row of the persons who have one of these pseudonyms, under whatever number they were held. Use as `mark` of a rewriting.

    Which numbers are one person is what the newest snapshot says: a merger that was corrected since takes nobody else with it.
    """

    pseudonyms: tuple[bytes, ...]
    catalog: Catalog

    def __call__(self, connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> None:
        link_numbers(connection, self.catalog.live_batches())
        connection.execute("CREATE TEMP TABLE asked (pseudonym BLOB)")
        connection.executemany("INSERT INTO asked VALUES (?)", [[pseudonym] for pseudonym in self.pseudonyms])
        connection.execute(
            """CREATE TEMP TABLE gone_pseudonym AS SELECT pseudonym FROM asked
               UNION SELECT pseudonym FROM number_of WHERE person IN (SELECT person FROM number_of WHERE pseudonym IN (SELECT pseudonym FROM asked))"""
        )
        for batch in batches:
            source = f"b{batch.batch}"
            connection.execute(
                f"""INSERT INTO gone_number SELECT {batch.batch}, local FROM {source}.pseudonym
                    WHERE pseudonym IN (SELECT pseudonym FROM gone_pseudonym)"""
            )
            gone = f"(SELECT local FROM gone_number WHERE batch = {batch.batch})"
            is_gone = " OR ".join(f"r.{column} IN {gone}" for column in PERSONS.get(batch.kind, ()))
            if is_gone:
                connection.execute(f"INSERT INTO gone_row SELECT {batch.batch}, r.rowid, NULL FROM {source}.rows r WHERE {is_gone}")


def count_gone(
    *, paths: VaultPaths, catalog: Catalog, keys: KeyRing, mark: PastRetention | OfPersons
) -> tuple[tuple[Count, ...], tuple[bytes, ...]]:
    """What a rewriting with `mark` would erase: rows by table and fiscal year, and the pseudonyms of numbers that leave. Changes nothing."""
    with engine(temp_dir=paths.temp) as connection:
        attach_batches(connection, catalog.batches, paths=paths, keys=keys)
        for statement in START_GONE:
            connection.execute(statement)
        mark(connection, catalog.batches)
        kinds = {batch.batch: batch.kind for batch in catalog.batches}
        found: dict[tuple[str, int | None], int] = {}
        for batch, year, rows in connection.execute("SELECT batch, fiscal_year, count(*) FROM gone_row GROUP BY 1, 2").fetchall():
            key = (kinds[batch], None if year is None else int(year))
            found[key] = found.get(key, 0) + int(rows)
        pseudonyms: set[bytes] = set()
        for batch in kinds:
            rows = connection.execute(
                f"SELECT pseudonym FROM b{batch}.pseudonym WHERE local IN (SELECT local FROM gone_number WHERE batch = {batch})"
            ).fetchall()
            pseudonyms.update(bytes(row[0]) for row in rows)
    counts = (Count(table, year, rows) for (table, year), rows in found.items())
    return tuple(sorted(counts, key=lambda count: (count.table, count.fiscal_year or 0))), tuple(sorted(pseudonyms))


def _read_rows(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> None:
    """Make `held_row(batch, row, kind, is_record, day, local, pseudonym)`: one line for each row and person it names, or for one that names none."""
    parts = []
    for batch in batches:
        fallback = f"DATE '{date.fromisoformat(batch.received_on)}'"
        for column in PERSONS.get(batch.kind, ()):
            day = f"coalesce({DATED[batch.kind]}, {fallback})" if batch.kind in DATED else SPELLS.get(batch.kind, "r.changed_on")
            parts.append(
                f"""SELECT {batch.batch} AS batch, r.rowid AS row, '{batch.kind}' AS kind, {batch.kind in DATED} AS is_record, {day} AS day,
                           r.{column} AS local, p.pseudonym
                    FROM b{batch.batch}.rows r LEFT JOIN b{batch.batch}.pseudonym p ON p.local = r.{column}"""
            )
        if batch.kind in IMPERSONAL:
            parts.append(
                f"""SELECT {batch.batch}, r.rowid, '{batch.kind}', true, coalesce({IMPERSONAL[batch.kind]}, {fallback}), NULL, NULL
                    FROM b{batch.batch}.rows r"""
            )
    nothing = """SELECT NULL::INTEGER AS batch, NULL::BIGINT AS row, NULL::VARCHAR AS kind, NULL::BOOLEAN AS is_record, NULL::DATE AS day,
                        NULL::INTEGER AS local, NULL::BLOB AS pseudonym WHERE false"""
    connection.execute("CREATE TEMP TABLE held_row AS " + " UNION ALL ".join([nothing, *parts]))


def retention_years(config: Config, table: str) -> int | None:
    """The period of a table in years; None when daicho.toml sets none: then nothing of it is ever past."""
    return config.retention.get(table)
