"""A toy ledger behind a real gate: a handful of invented children in an in-memory DuckDB, and a workspace folder around it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from daicho.core.config import Config, load_config
from daicho.core.errors import UsageError
from daicho.gate.client import GateClient
from daicho.gate.engine import MeasureSpec, ParameterSpec, ParameterValue, Query, WorklistSpec
from daicho.gate.release import ColumnFacts
from daicho.gate.server import GateServer
from daicho.gate.suppression import ValueRule

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
REPOSITORY = Path(__file__).resolve().parents[2]
DISTRICTS = {"A": "芝", "B": "麻布", "C": "赤坂"}
# district -> sex -> (children, vaccinated children)
CHILDREN = {"A": {"1": (60, 30), "2": (60, 40)}, "B": {"1": (30, 15), "2": (4, 2)}, "C": {"1": (100, 50), "2": (80, 40)}}
TOML = """
[municipality]
code = "131032"
name = "港区"
prefecture = "東京都"
department = "みなと保健所 保健予防課"
recipient = "東京都知事"
"""


def make_workspace(root: Path, *, roles: str = "") -> Config:
    """A workspace folder with the shipped disclosure profiles."""
    (root / "data_contracts").mkdir(parents=True, exist_ok=True)
    (root / "daicho.toml").write_text(TOML + roles, encoding="utf-8")
    shipped = (REPOSITORY / "data_contracts" / "disclosure.yaml").read_text(encoding="utf-8")
    (root / "data_contracts" / "disclosure.yaml").write_text(shipped, encoding="utf-8")
    return load_config(root)


def grant(user: str, role: str, until: str) -> str:
    return f'\n[[roles]]\nuser = "{user}"\nrole = "{role}"\nvalid_until = {until}\n'


def _measure(
    name: str, *, values: tuple[ColumnFacts, ...], rules: tuple[ValueRule, ...], dimensions: Sequence[str], **changes: Any
) -> MeasureSpec:
    columns = {key: ColumnFacts(key, key, key, "text", "") for key in dimensions}
    parameters = {
        "as_of": ParameterSpec("as_of", "date", required=False),
        "fiscal_year": ParameterSpec("fiscal_year", "int", required=False),
    }
    card = {
        "name": name,
        "title": name,
        "dimensions": list(dimensions),
        "filters": list(dimensions),
        "required_filters": [],
        "parameters": [{"name": key, "required": False} for key in parameters],
        "values": [value.name for value in values],
    }
    standard = MeasureSpec(
        name=name,
        title=name,
        title_en=name,
        source="toy",
        notes=(),
        dimensions=columns,
        filters=frozenset(dimensions),
        required_filters=(),
        parameters=parameters,
        values=values,
        rules=rules,
        counts_payees=False,
        card=card,
    )
    return replace(standard, **changes)


def _count(name: str) -> ColumnFacts:
    return ColumnFacts(name, name, name, "count", "人")


MEASURES = {
    "residents": _measure(
        "residents",
        values=(_count("residents_count"),),
        rules=(ValueRule("residents_count", "count", contributors=("privacy_count",)),),
        dimensions=("district", "sex"),
    ),
    "coverage_cohort": _measure(
        "coverage_cohort",
        values=(_count("eligible_count"), _count("vaccinated_count"), ColumnFacts("coverage_rate", "接種率", "Coverage", "rate", "率")),
        rules=(
            ValueRule("eligible_count", "count", contributors=("eligible_count",)),
            ValueRule("vaccinated_count", "count", contributors=("vaccinated_count",)),
            ValueRule("coverage_rate", "rate", numerator="vaccinated_count", denominator="eligible_count"),
        ),
        dimensions=("district", "sex", "dose"),
    ),
    "annual_counts": _measure(
        "annual_counts",
        values=(_count("doses_count"),),
        rules=(ValueRule("doses_count", "count", contributors=("privacy_count",)),),
        dimensions=("district", "sex", "vaccine", "institution"),
    ),
    "consignment_payments": _measure(
        "consignment_payments",
        values=(_count("doses_count"),),
        rules=(ValueRule("doses_count", "count", contributors=("privacy_count",)),),
        dimensions=("district", "institution"),
        counts_payees=True,
    ),
    "slow": _measure(
        "slow",
        values=(_count("residents_count"),),
        rules=(ValueRule("residents_count", "count", contributors=("privacy_count",)),),
        dimensions=("district",),
    ),
    "broken": _measure(
        "broken",
        values=(_count("residents_count"),),
        rules=(ValueRule("residents_count", "count", contributors=("privacy_count",)),),
        dimensions=("district",),
    ),
    "many_rows": _measure(
        "many_rows",
        values=(_count("residents_count"),),
        rules=(ValueRule("residents_count", "count", contributors=("privacy_count",)),),
        dimensions=("number",),
    ),
}
WORKLISTS = {
    "children": WorklistSpec("children", frozenset({"district"}), ("district",), {"as_of": ParameterSpec("as_of", "date", required=False)}),
    "leaking": WorklistSpec("leaking", frozenset(), (), {}),
}
VALUES_SQL = {
    "residents": "count(*) AS residents_count, count(DISTINCT person) AS privacy_count",
    "coverage_cohort": "count(*) AS eligible_count, count(*) FILTER (vaccinated) AS vaccinated_count",
    "annual_counts": "count(*) FILTER (vaccinated) AS doses_count, count(DISTINCT person) FILTER (vaccinated) AS privacy_count",
    "consignment_payments": "count(*) FILTER (vaccinated) AS doses_count, count(DISTINCT person) FILTER (vaccinated) AS privacy_count",
    "slow": "(SELECT count(*) FROM range(100000000000)) AS residents_count, 1 AS privacy_count",
    "broken": "error('山田太郎') AS residents_count, 1 AS privacy_count",
    "many_rows": "any_value(number) + 100 AS residents_count, any_value(number) + 100 AS privacy_count",
}


@dataclass
class ToyEngine:
    """The Engine protocol over the toy ledger; `snapshot` may be raised by a test."""

    snapshot: int = 1
    reference: str = "r1"
    population: int = 40_000

    def measures(self) -> Mapping[str, MeasureSpec]:
        return MEASURES

    def latest_snapshot(self) -> int:
        return self.snapshot

    def open(self, snapshot: int) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(":memory:")
        connection.execute("CREATE SCHEMA ledger")
        connection.execute(
            "CREATE TABLE ledger.child (person INTEGER, district VARCHAR, sex VARCHAR,"
            " dose VARCHAR, vaccine VARCHAR, institution VARCHAR, vaccinated BOOLEAN)"
        )
        groups = " UNION ALL ".join(
            f"SELECT '{district}', '{sex}', 'D1', 'MR', '1{district}', range < {vaccinated} FROM range({children})"
            for district, sexes in CHILDREN.items()
            for sex, (children, vaccinated) in sexes.items()
        )
        connection.execute(f"INSERT INTO ledger.child SELECT row_number() OVER (), * FROM ({groups})")
        connection.execute("CREATE TABLE ledger.numbered AS SELECT range AS number FROM range(1000)")
        connection.execute("SET search_path = 'ledger'")
        connection.execute("SET lock_configuration = true")
        return connection

    def compile(
        self,
        measure: str,
        *,
        by: Sequence[str],
        where: Mapping[str, Sequence[str]],
        parameters: Mapping[str, ParameterValue],
        snapshot: int,
    ) -> Query:
        codes = {name: tuple(sorted({self._code(name, value) for value in values})) for name, values in where.items()}
        table = "numbered" if measure == "many_rows" else "child"
        filters = " AND ".join(f"list_contains($w_{name}, {name})" for name in codes) or "true"
        group = f" GROUP BY {', '.join(by)}" if by else ""
        sql = f"SELECT {', '.join([*by, VALUES_SQL[measure]])} FROM {table} WHERE {filters}{group}"
        as_of = parameters.get("as_of")
        return Query(
            sql=sql,
            bound={f"w_{name}": list(values) for name, values in codes.items()},
            where=codes,
            parameters=parameters,
            as_of=as_of if isinstance(as_of, date) else None,
        )

    def worklists(self) -> Mapping[str, WorklistSpec]:
        return WORKLISTS

    def compile_worklist(self, worklist: str, *, where: Mapping[str, Sequence[str]], parameters: Mapping[str, ParameterValue]) -> Query:
        codes = {name: tuple(sorted({self._code(name, value) for value in values})) for name, values in where.items()}
        sql = (
            "SELECT '子.csv' AS source_file, nullif(person, 60) AS line, 'D1' AS reason, 'soon' AS class, '山田太郎' AS name,"
            " count(*) OVER () AS persons FROM child WHERE list_contains($district, district) AND NOT vaccinated ORDER BY person"
        )
        if worklist == "leaking":
            sql, codes = "SELECT error('山田太郎')", {}
        return Query(sql=sql, bound={name: list(values) for name, values in codes.items()}, where=codes, parameters=parameters, as_of=None)

    def _code(self, dimension: str, value: str) -> str:
        if dimension != "district":
            return value
        codes = {**{code: code for code in DISTRICTS}, **{label: code for code, label in DISTRICTS.items()}}
        if value not in codes:
            raise UsageError("no such value")
        return codes[value]

    def add_labels(self, frame: pl.DataFrame, *, by: Sequence[str], snapshot: int) -> pl.DataFrame:
        return frame.with_columns(
            pl.col(name).cast(pl.String).replace(DISTRICTS if name == "district" else {}).alias(f"{name}_label") for name in by
        )

    def fingerprint(self, measure: str) -> str:
        return self.reference

    def is_unverified(self, measure: str, *, where: Mapping[str, Sequence[str]]) -> bool:
        return False

    def legal_basis(self, measure: str, *, on: date | None) -> str:
        return "法第1条" if measure == "annual_counts" else ""

    def area_population(self, dimension: str) -> Mapping[str, int]:
        return dict.fromkeys(DISTRICTS, self.population)


@contextmanager
def serving(
    config: Config, *, engine: ToyEngine | None = None, request_seconds: float = 30, clock: Any = lambda: NOW
) -> Iterator[GateServer]:
    """A gate in a thread of the test."""
    server = GateServer(config, engine=engine or ToyEngine(), clock=clock, request_seconds=request_seconds)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(timeout=20)
        assert not thread.is_alive()


def launched(config: Config, admin: GateClient, **changes: Any) -> GateClient:
    """A sealed kernel's connection, with an analyst's token unless told otherwise."""
    wanted = {
        "role": "analyst",
        "profiles": ["internal", "public"],
        "default_profile": "internal",
        "purpose": "テスト",
        "run_id": "run-1",
        **changes,
    }
    return GateClient.connect(config, token=admin.mint_token(**wanted))
