"""What the tests of rotation, retention and erasure share: a small office, and looks into everything its vault holds."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from tests.conftest import TODAY
from tests.intake.extract_factory import NUMBER_CHANGE, RESIDENT, VACCINATION, write_extract

from daicho.core.config import Config
from daicho.gate.audit import audit_gate
from daicho.gate.ledger_engine import LedgerEngine
from daicho.intake.load import take_in
from daicho.vault import open_snapshot
from daicho.vault.catalog import VaultPaths, open_catalog
from daicho.vault.engine import attach, engine
from daicho.vault.keys import pseudonyms

FIRST = 5_100_000_001
OLD_LOT, LOT, MERGED_LOT = "PASTLOT7", "GONELOT8", "MERGELOT9"
OLD_NUMBER = "9500000001"


def number(place: int) -> str:
    return str(FIRST + place)


def extracts(folder: Path) -> list[Path]:
    """Six persons with a dose each; the first has a dose of fiscal 1999, and an earlier number with a dose under it."""
    people = [
        {"宛名番号": number(place), "氏名": f"秘匿姓名{'甲乙丙丁戊己'[place]}", "生年月日": "20200401" if place else "19990401"}
        for place in range(6)
    ]
    doses = [{"宛名番号": number(place), "ワクチンロット番号": LOT if place == 0 else f"L{place}"} for place in range(6)]
    doses.append({"宛名番号": number(0), "接種日": "20000210", "予診日": "20000210", "支払月": "200003", "ワクチンロット番号": OLD_LOT})
    doses.append({"宛名番号": OLD_NUMBER, "接種期": "2期", "接種日": "20240501", "予診日": "20240501", "ワクチンロット番号": MERGED_LOT})
    return [
        write_extract(folder / "resident.csv", RESIDENT, people),
        write_extract(folder / "vaccination.csv", VACCINATION, doses),
        write_extract(folder / "number_change.csv", NUMBER_CHANGE, [{"新宛名番号": number(0)}]),
    ]


def fill(config: Config, folder: Path) -> None:
    """Two snapshots: the first without a later delivery, the second with it."""
    take_in(extracts(folder), config=config, today=date(2025, 5, 1))
    take_in(
        [write_extract(folder / "later.csv", VACCINATION, [{"宛名番号": number(1), "接種期": "2期", "接種日": "20250501"}])],
        config=config,
        today=TODAY,
    )


def rows(config: Config, sql: str, *, snapshot: int | None = None) -> list[tuple[Any, ...]]:
    connection = open_snapshot(config, snapshot=snapshot, reference={}, macros=())
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def lots(config: Config, *, snapshot: int | None = None) -> set[str]:
    return {lot for (lot,) in rows(config, "SELECT lot FROM dose", snapshot=snapshot)}


def doses_by_measure(config: Config, *, snapshot: int) -> int:
    """What the measure of doses counts in the fiscal years of the planted rows."""
    engine_ = LedgerEngine(config)
    connection = engine_.open(snapshot)
    try:
        total = 0
        for year in (1999, 2021, 2024):
            query = engine_.compile("annual_counts", by=[], where={}, parameters={"fiscal_year": year}, snapshot=snapshot)
            (row,) = connection.execute(query.sql, dict(query.bound)).pl().iter_rows(named=True)
            total += row["doses_count"] or 0
        return total
    finally:
        connection.close()


def everything_held(config: Config) -> bytes:
    """Every value of every table of every vault file, decrypted, and every other file of the state folder as it lies there."""
    paths = VaultPaths(config.vault_dir)
    keys, _ = open_catalog(paths, config.key_dir)
    content = bytearray()
    with engine(temp_dir=paths.temp) as connection:
        for path in [*paths.segments.iterdir(), *paths.marts.iterdir()]:
            attach(connection, path, name="held", key=keys.vault, read_only=True)
            tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'held'").fetchall()
            for (table,) in tables:
                for row in connection.execute(f'SELECT * FROM held."{table}"').fetchall():
                    for value in row:
                        content += value if isinstance(value, bytes) else str(value).encode()
                        content += b"\0"
            connection.execute("DETACH held")
    return bytes(content) + raw_files(config)


def raw_files(config: Config) -> bytes:
    return b"\0".join(path.read_bytes() for path in sorted(config.state_dir.rglob("*")) if path.is_file())


def pseudonym(config: Config, text: str) -> bytes:
    keys, _ = open_catalog(VaultPaths(config.vault_dir), config.key_dir)
    return pseudonyms(keys.pseudonym, [text])[0]


def left_over(config: Config) -> list[str]:
    """Files of vault, keys and certificates that no commit names."""
    paths = VaultPaths(config.vault_dir)
    _, catalog = open_catalog(paths, config.key_dir)
    known = {batch.segment for batch in catalog.batches} | {snapshot.mart for snapshot in catalog.snapshots}
    held = [*paths.segments.iterdir(), *paths.marts.iterdir(), *paths.temp.glob("*.duckdb*")]
    strange = [path.name for path in held if path.name not in known and "-".join(path.name.split("-")[:2]) + ".duckdb" not in known]
    strange += [path.name for path in config.key_dir.iterdir() if path.suffix != ".key"]
    return strange + [path.name for path in config.state_dir.glob("certificates/.pending-*")]


def errors(config: Config) -> list[str]:
    return [finding.message for finding in audit_gate(config) if finding.severity == "error"]
