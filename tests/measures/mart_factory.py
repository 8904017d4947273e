"""A mart in memory, made from a few Python rows: persons with spells, events, welfare. What intake and vault derive is derived here, by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from daicho.contracts.codelists import list_codelists, load_codelist
from daicho.contracts.reference import list_reference, load_reference
from daicho.core.ages import birth_fiscal_year
from daicho.core.payment_rules import PaymentRules
from daicho.measures import MACROS, catalogue, compile_request, resolve_doses, resolve_filters
from daicho.measures.appraisal import appraisal_statements
from daicho.measures.covid_records import COVID_STATEMENTS
from daicho.measures.ledger_records import RECORD_STATEMENTS
from daicho.measures.payment_findings import FINDING_STATEMENTS
from daicho.measures.resident_spells import SPELL_STATEMENTS
from daicho.measures.shared_copies import COPY_STATEMENTS
from daicho.vault.mart_payments import CLOSED_COLUMNS

CONTRACTS = Path(__file__).parents[2] / "data_contracts"
MINATO = "131032"
CLINIC = "1310113715"


@dataclass(frozen=True)
class Spell:
    resident_from: date
    resident_until: date | None = None
    district: str = "shiba"
    resident_class: str = "japanese"
    from_reason: str | None = None
    until_reason: str | None = None

    def covers(self, day: date) -> bool:
        return self.resident_from <= day and (self.resident_until is None or day < self.resident_until)


@dataclass(frozen=True)
class Person:
    person: int
    birth_date: date | None = None
    sex: str = "1"
    spells: tuple[Spell, ...] = ()
    birth_precision: str = "day"
    is_registered: bool = True
    sampling_weight: int | None = None

    def spell_on(self, day: date | None) -> Spell | None:
        return next((spell for spell in self.spells if day is not None and spell.covers(day)), None)


@dataclass(frozen=True)
class Event:
    person: int
    vaccine: str
    dose: str
    given_on: date | None = None
    screened_on: date | None = None
    is_screened_only: bool = False
    ward: str | None = MINATO
    institution: str | None = CLINIC
    is_institution_valid: bool = True
    product: str | None = None
    paid_month: int | None = 202512
    location_flag: str | None = "1"
    is_transitional: bool = False
    copay_class: str | None = None
    batch: int = 1
    line: int | None = None
    channel: str | None = None
    charged_yen: int | None = None
    fee_code: str | None = None
    requested_on: date | None = None
    applied_on: date | None = None
    lot: str | None = None

    @property
    def event_on(self) -> date | None:
        return self.given_on or self.screened_on


@dataclass(frozen=True)
class Welfare:
    person: int
    welfare_class: str | None = "welfare"
    handbook_class: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Institution:
    institution: str = CLINIC
    name: str = "みなと小児科"
    municipality_code: str = MINATO
    association_code: str = "A01"
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Ruled:
    """An officer's decision on a claim."""

    event: Event
    decision: str
    reason: str = "CONFIRMED"
    decided_on: date = date(2025, 12, 20)


@dataclass(frozen=True)
class Bill:
    """A line of an invoice."""

    payee: str
    paid_month: int
    vaccine: str | None
    unit_yen: int
    units_count: int
    amount_yen: int
    line_kind: str = "dose"
    payer: str | None = None


@dataclass(frozen=True)
class Ledger:
    """Everything a mart is made of."""

    persons: Sequence[Person] = ()
    events: Sequence[Event] = ()
    welfare: Sequence[Welfare] = ()
    institutions: Sequence[Institution] = ()
    outcomes: Sequence[tuple[int, str, str, str, int]] = ()
    rows: Sequence[tuple[int, int, int | None]] = ()
    batches: Sequence[tuple[int, str, date, str, str, bool]] = ()
    home_ward: str = MINATO
    reference: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    decisions: Sequence[Ruled] = ()
    invoices: Sequence[Bill] = ()
    closed: pl.DataFrame | None = None


_TABLES = {
    "person": "person INTEGER, birth_date DATE, birth_precision VARCHAR, birth_fy SMALLINT, sex VARCHAR, is_registered BOOLEAN, sampling_weight BIGINT",
    "residence": "person INTEGER, resident_from DATE, resident_until DATE, district VARCHAR, resident_class VARCHAR, "
    "from_reason VARCHAR, until_reason VARCHAR",
    "event": """person INTEGER, vaccine VARCHAR, dose VARCHAR, stage VARCHAR, number SMALLINT, given_on DATE, screened_on DATE, event_on DATE,
        is_screened_only BOOLEAN, institution VARCHAR, is_institution_valid BOOLEAN, ward VARCHAR, product VARCHAR, lot VARCHAR, paid_month INTEGER,
        location_flag VARCHAR, is_transitional BOOLEAN, copay_class VARCHAR, combination VARCHAR, batch INTEGER, duplicate_rank SMALLINT,
        date_status VARCHAR, was_resident BOOLEAN, district VARCHAR, resident_class VARCHAR, is_in_use BOOLEAN, line INTEGER, channel VARCHAR,
        charged_yen BIGINT, fee_code VARCHAR, requested_on DATE, applied_on DATE""",
    "payment_decision": """person INTEGER, vaccine VARCHAR, dose VARCHAR, event_on DATE, is_screened_only BOOLEAN, paid_month INTEGER, institution VARCHAR,
        channel VARCHAR, decision VARCHAR, reason VARCHAR, approver VARCHAR, decided_on DATE""",
    "invoice": """payee VARCHAR, payer VARCHAR, paid_month INTEGER, line_kind VARCHAR, vaccine VARCHAR, unit_yen BIGINT, units_count BIGINT,
        amount_yen BIGINT""",
    "closed_line": "person INTEGER, " + ", ".join(f"{name} {kind}" for name, kind in CLOSED_COLUMNS.items()),
    "person_row": "person INTEGER, batch INTEGER, line INTEGER",
    "welfare": "person INTEGER, welfare_class VARCHAR, handbook_class VARCHAR, valid_from DATE, valid_to DATE",
    "institution": "institution VARCHAR, name VARCHAR, municipality_code VARCHAR, association_code VARCHAR, valid_from DATE, valid_to DATE",
    "batch": "batch INTEGER, kind VARCHAR, received_on DATE, file_sha256 VARCHAR, file_name VARCHAR, is_live BOOLEAN",
    "batch_outcome": "batch INTEGER, kind VARCHAR, rule VARCHAR, outcome VARCHAR, rows BIGINT",
}


def reference_tables(home_ward: str = MINATO) -> dict[str, pl.DataFrame]:
    """The real code lists and reference data, and the one-row table that says whose workspace this is."""
    return {
        **_shipped_tables(),
        "municipality": pl.DataFrame({"code": [home_ward]}),
        "payment_rule": pl.DataFrame([asdict(PaymentRules())]),
    }


@cache
def _shipped_tables() -> dict[str, pl.DataFrame]:
    tables = {name: load_codelist(CONTRACTS, name) for name in list_codelists(CONTRACTS)}
    return tables | {name: load_reference(CONTRACTS, name) for name in list_reference(CONTRACTS)}


def build_mart(ledger: Ledger) -> duckdb.DuckDBPyConnection:
    """A connection that looks like an opened snapshot: the ledger in a database of its own, beside reference data that marts share."""
    connection = _with_reference(ledger.home_ward, ledger.reference).cursor()
    name = f"mart_{next(_numbers)}"
    connection.execute(f"ATTACH ':memory:' AS {name}; USE {name}; SET search_path = '{name},memory'")
    for table, columns in _TABLES.items():
        connection.execute(f"CREATE TABLE {name}.{table} ({columns})")
    connection.execute(f"CREATE VIEW {name}.dose AS SELECT * FROM event WHERE NOT is_screened_only AND duplicate_rank = 1")
    persons = {person.person: person for person in ledger.persons}
    _insert(connection, "person", (_person_row(person) for person in ledger.persons))
    _insert(connection, "residence", ((p.person, *asdict(spell).values()) for p in ledger.persons for spell in p.spells))
    _insert(connection, "event", _event_rows(ledger.events, persons))
    _insert(connection, "welfare", (tuple(asdict(row).values()) for row in ledger.welfare))
    _insert(connection, "institution", (tuple(asdict(row).values()) for row in ledger.institutions))
    _insert(connection, "batch_outcome", ledger.outcomes)
    _insert(connection, "person_row", ledger.rows)
    _insert(connection, "batch", ledger.batches)
    _insert(connection, "payment_decision", (_decision_row(ruled) for ruled in ledger.decisions))
    _insert(
        connection,
        "invoice",
        ((b.payee, b.payer, b.paid_month, b.line_kind, b.vaccine, b.unit_yen, b.units_count, b.amount_yen) for b in ledger.invoices),
    )
    if ledger.closed is not None:
        connection.register("closed_frame", ledger.closed)
        connection.execute("INSERT INTO closed_line BY NAME SELECT * FROM closed_frame")
        connection.unregister("closed_frame")
    return connection


_numbers = count()
_instances: dict[tuple[object, ...], tuple[duckdb.DuckDBPyConnection, Mapping[str, pl.DataFrame]]] = {}


def _with_reference(home_ward: str, changed: Mapping[str, pl.DataFrame]) -> duckdb.DuckDBPyConnection:
    """An instance with macros and reference data, made once for each set of tables."""
    key = (home_ward, *((name, id(changed[name])) for name in sorted(changed)))
    if key not in _instances:
        connection = duckdb.connect(":memory:", config={"threads": 1})
        for macro in MACROS:
            connection.execute(macro)
        connection.execute("ATTACH ':memory:' AS reference")
        for name, frame in {**reference_tables(home_ward), **changed}.items():
            connection.register("frame", frame)
            connection.execute(f'CREATE TABLE reference.main."{name}" AS SELECT * FROM frame')
            connection.unregister("frame")
        _instances[key] = (connection, changed)
    return _instances[key][0]


def ask(
    connection: duckdb.DuckDBPyConnection,
    measure: str,
    *,
    by: Sequence[str] = (),
    where: Mapping[str, Sequence[str]] | None = None,
    **parameters: Any,
) -> pl.DataFrame:
    """One measure as the gate would ask for it: filters resolved, request compiled, SQL run."""
    definition = catalogue()[measure]
    codes = resolve_filters(definition, where or {}, reference_tables())
    doses = resolve_doses(definition, parameters, where=codes, reference=reference_tables())
    query = compile_request(definition, by=by, where=codes, parameters=doses)
    keep_tables(connection, query.sql)
    frame = connection.execute(query.sql, dict(query.parameters)).pl()
    assert tuple(frame.columns) == query.columns
    return frame


# The tables of a group are made together; its statements are those of `measures/kept_tables.py`.
_KEPT = {
    "appraisal": ("appraisal", "slot_fill", "course_dose", "credit", "dose_error"),
    "ledger_record": ("ledger_record",),
    "resident_spell": ("resident_spell",),
    "covid_dose": ("covid_dose", "covid_resident"),
    "copied_dose": ("copied_dose",),
    "claim_finding": ("claim_finding", "repeated_claim"),
}


def keep_tables(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Make those derived tables of a mart that a statement reads, once: they take longer than most tests."""
    for group, tables in _KEPT.items():
        if re.search(rf"\b({'|'.join(tables)})\b", sql):
            _keep(connection, group)


def appraise(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of the appraisal."""
    _keep(connection, "appraisal")


def _keep(connection: duckdb.DuckDBPyConnection, group: str) -> None:
    mart = connection.execute("SELECT current_database()").fetchall()[0][0]
    if connection.execute("SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND table_name = ?", [mart, group]).fetchall():
        return
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {mart}.derived; SET search_path = '{mart}.main,{mart}.derived,memory'")
    statements = {
        "ledger_record": RECORD_STATEMENTS,
        "resident_spell": SPELL_STATEMENTS,
        "covid_dose": COVID_STATEMENTS,
        "copied_dose": COPY_STATEMENTS,
        "claim_finding": FINDING_STATEMENTS,
    }
    for statement in statements[group] if group in statements else appraisal_statements(reference_tables()):
        connection.execute(statement)


def count_duplicates(events: Iterable[Event]) -> list[tuple[Event, int]]:
    """Each event with its rank among those of the same person, vaccine, dose and day: by month paid, location, batch."""
    ranked: dict[tuple[Any, ...], list[Event]] = {}
    for event in events:
        key = (event.person, event.vaccine, event.dose, event.event_on, event.is_screened_only)
        ranked.setdefault(key if event.event_on else (*key, len(ranked)), []).append(event)
    return [
        (event, rank)
        for group in ranked.values()
        for rank, event in enumerate(sorted(group, key=lambda e: (e.paid_month or 999999, e.location_flag or "9", e.batch)), start=1)
    ]


def _person_row(person: Person) -> tuple[Any, ...]:
    birth_fy = birth_fiscal_year(person.birth_date) if person.birth_date else None
    return (person.person, person.birth_date, person.birth_precision, birth_fy, person.sex, person.is_registered, person.sampling_weight)


def _event_rows(events: Sequence[Event], persons: Mapping[int, Person]) -> list[tuple[Any, ...]]:
    rows = []
    for event, rank in count_duplicates(events):
        person = persons[event.person]
        spell = person.spell_on(event.event_on)
        status = "ok"
        if event.event_on is None or (event.given_on is None and not event.is_screened_only):
            status = "missing"
        elif person.birth_date and event.event_on < person.birth_date:
            status = "before_birth"
        rows.append(
            (
                event.person, event.vaccine, event.dose, None, None, event.given_on, event.screened_on, event.event_on, event.is_screened_only,
                event.institution, event.is_institution_valid, event.ward, event.product, event.lot, event.paid_month, event.location_flag,
                event.is_transitional, event.copay_class, None, event.batch, rank, status, spell is not None,
                spell.district if spell else None, spell.resident_class if spell else None, True, event.line,
                event.channel, event.charged_yen, event.fee_code, event.requested_on, event.applied_on,
            )
        )  # fmt: skip
    return rows


def _decision_row(ruled: Ruled) -> tuple[Any, ...]:
    event = ruled.event
    claim = (
        event.person,
        event.vaccine,
        event.dose,
        event.event_on,
        event.is_screened_only,
        event.paid_month,
        event.institution,
        event.channel,
    )
    return (*claim, ruled.decision, ruled.reason, "R001", ruled.decided_on)


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    listed = list(rows)
    if not listed:
        return
    columns = [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()]
    frame = pl.DataFrame(listed, schema=columns, orient="row", infer_schema_length=None)
    connection.register("rows_frame", frame)
    connection.execute(f"INSERT INTO {table} SELECT * FROM rows_frame")
    connection.unregister("rows_frame")
