"""Retention: what is past its period is listed, then erased from every snapshot and every journal, and certified."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.conftest import TODAY, make_workspace
from tests.intake.extract_factory import write_extract
from tests.intake.test_faults import killed_commands
from tests.vault import workshop

from daicho.core.config import Config, load_config
from daicho.core.errors import DisclosureError
from daicho.gate.access_log import AccessLog, Caller
from daicho.gate.ledger_engine import LedgerEngine
from daicho.gate.line_lists import lines_by_year, lists_held
from daicho.gate.release_ledger import Recorded, ReleaseLedger, body_hash
from daicho.gate.retention import apply_retention, erase_persons, list_due, rotate
from daicho.intake.load import take_in
from daicho.vault.erasure import first_kept_year
from daicho.vault.keys import load_keys

CALLER = Caller(uid=os.getuid(), user="somebody", role="analyst", terminal="desk")


def log_at(config: Config, *years: int, release_id: str = "") -> None:
    for year in years:
        log = AccessLog(config.log_dir, clock=lambda year=year: datetime(year, 6, 1, tzinfo=UTC))
        log.record(CALLER, request={"op": "measure", "note": f"PASTLINE{year}"}, outcome="released", release_id=release_id)


def release_at(config: Config, year: int) -> str:
    ledger, release_id, body = ReleaseLedger(config.releases_dir), f"R{year}", f"PASTRELEASE{year}".encode()
    facts = {"request": {}, "key": {}, "profile": "internal", "sha256": body_hash(body), "cells": 1, "suppressed_cells": 0}
    ledger.record(
        Recorded(release_id=release_id, recorded_at=f"{year}-06-01T00:00:00.000+00:00", **facts),  # type: ignore[arg-type]
        body,
        log=AccessLog(config.log_dir, clock=datetime.now).position(),
    )
    log_at(config, year, release_id=release_id)
    return release_id


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A dose of fiscal 1999, log lines and releases of 2010 to 2025, a quarantine list of 2015."""
    config = make_workspace(tmp_path_factory.mktemp("held") / "office")
    workshop.fill(config, tmp_path_factory.mktemp("extracts"))
    log_at(config, 2010)
    for year in (2012, 2025):
        release_at(config, year)
    log_at(config, 2026)
    config.quarantine_dir.mkdir(exist_ok=True)
    (config.quarantine_dir / "refused-1.csv").write_text("file,line,rule\na.csv,2,bad_date\n", encoding="utf-8")
    long_ago = datetime(2015, 6, 1, tzinfo=UTC).timestamp()
    os.utime(config.quarantine_dir / "refused-1.csv", (long_ago, long_ago))
    return config


@pytest.fixture
def office(held: Config, tmp_path: Path) -> Config:
    shutil.copytree(held.root, tmp_path / "office")
    return load_config(tmp_path / "office")


def without_stored_facts(config: Config) -> list[str]:
    """The planted releases are no Arrow files: only chains and agreement are looked at."""
    log, ledger = AccessLog(config.log_dir, clock=datetime.now), ReleaseLedger(config.releases_dir)
    seal = load_keys(config.key_dir).scanner.secret
    held_ids = {recorded.release_id for recorded in ledger.all()} | ledger.gone()
    found = [f"log {log.verify(seal_key=seal)}"] if log.verify(seal_key=seal) else []
    found += [f"ledger {ledger.verify(seal_key=seal)}"] if ledger.verify(seal_key=seal) else []
    return found + [entry["release_id"] for entry in log.entries() if entry["release_id"] and entry["release_id"] not in held_ids]


def due(config: Config, on: date = TODAY) -> dict[tuple[str, int | None], int]:
    return {(count.table, count.fiscal_year): count.rows for count in list_due(config, on=on).counts}


EVERYTHING = {("vaccination", 1999): 1, ("access_log", 2010): 1, ("access_log", 2012): 1, ("releases", 2012): 1, ("quarantine", 2015): 1}


def test_periods_count_from_the_end_of_the_fiscal_year_of_the_record(office: Config) -> None:
    # 10 February 2000 lies in fiscal 1999, which ends on 31 March 2000; twenty years on is 31 March 2020.
    assert ("vaccination", 1999) not in due(office, date(2020, 3, 31))
    assert due(office, date(2020, 4, 1))["vaccination", 1999] == 1
    assert first_kept_year(date(2020, 3, 31), years=20) == 1999 and first_kept_year(date(2020, 4, 1), years=20) == 2000


def test_listing_counts_and_changes_nothing(office: Config) -> None:
    before = {path: path.read_bytes() for path in office.state_dir.rglob("*") if path.is_file()}
    assert due(office) == EVERYTHING
    assert {path: path.read_bytes() for path in office.state_dir.rglob("*") if path.is_file()} == before


def test_erased_rows_are_in_no_snapshot_no_file_and_no_measure(office: Config) -> None:
    old_key = load_keys(office.key_dir).vault.secret
    assert workshop.OLD_LOT.encode() in workshop.everything_held(office)
    prints = LedgerEngine(office).fingerprint("annual_counts")
    apply_retention(office, on=TODAY, today=TODAY)
    for number in (1, 2):
        assert workshop.OLD_LOT not in workshop.lots(office, snapshot=number) and workshop.LOT in workshop.lots(office, snapshot=number)
    content = workshop.everything_held(office)
    assert workshop.OLD_LOT.encode() not in content and workshop.LOT.encode() in content
    assert [b"PASTLINE2010" in content, b"PASTRELEASE2012" in content, b"PASTLINE2026" in content] == [False, False, True]
    assert old_key not in content and old_key.hex().encode() not in content
    # A release made before is not returned for a request made after: its figures count what is gone.
    assert LedgerEngine(office).fingerprint("annual_counts") != prints
    assert due(office) == {} and workshop.left_over(office) == []
    # The person whose old dose went has other records and stays.
    assert workshop.pseudonym(office, workshop.number(0)) in content


def test_measures_no_longer_count_what_is_gone_in_any_snapshot(office: Config) -> None:
    assert workshop.doses_by_measure(office, snapshot=1) == 7
    later = date(2042, 4, 1)  # when the doses of fiscal 2021 are past and that of fiscal 2024 is not
    apply_retention(office, on=later, today=later)
    assert [workshop.doses_by_measure(office, snapshot=number) for number in (1, 2)] == [1, 1]


def test_snapshots_are_rebuilt_the_same_without_the_erased_rows(office: Config) -> None:
    apply_retention(office, on=TODAY, today=TODAY)
    sql = "SELECT * FROM event ORDER BY ALL"
    first = [workshop.rows(office, sql, snapshot=number) for number in (1, 2)]
    for path in (office.vault_dir / "marts").iterdir():
        path.unlink()
    assert [workshop.rows(office, sql, snapshot=number) for number in (1, 2)] == first


def test_whoever_has_nothing_but_past_records_leaves_whole(office: Config) -> None:
    # In 2060 everything is past: register rows without an end stay, and nobody else.
    apply_retention(office, on=date(2060, 4, 1), today=date(2060, 4, 1))
    assert workshop.rows(office, "SELECT count(*) FROM event") == [(0,)]
    assert workshop.rows(office, "SELECT count(*) FROM person WHERE is_registered") == [(6,)]
    content = workshop.everything_held(office)
    assert workshop.MERGED_LOT.encode() not in content


def test_the_same_extract_again_brings_nothing_back(office: Config, tmp_path: Path) -> None:
    apply_retention(office, on=TODAY, today=TODAY)
    report = take_in(workshop.extracts(tmp_path), config=office, today=TODAY)
    assert {file.status for file in report.files} == {"unchanged"}
    assert workshop.OLD_LOT not in workshop.lots(office)


def test_the_certificate_says_what_by_which_rule_how_many_when_and_by_whom(office: Config) -> None:
    (path,) = apply_retention(office, on=TODAY, today=TODAY, clock=lambda: datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    certificate = json.loads(path.read_text(encoding="utf-8"))
    assert {(item["table"], item["fiscal_year"]): item["rows"] for item in certificate["erased"]} == EVERYTHING
    assert certificate["rule"] == {
        "on": "2026-11-24",
        "years": {"vaccination": 20, "access_log": 7, "releases": 7, "quarantine": 5, "worklists": 1},
    }
    assert certificate["time"].startswith("2026-11-24T10:00") and certificate["by"]["uid"] == os.getuid()
    text = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert all(word in text for word in ("消去証明書", certificate["certificate"], "平成11年度  1件", "20年", certificate["by"]["user"]))
    assert path.stat().st_mode & 0o777 == 0o600
    (line,) = [e for e in AccessLog(office.log_dir, clock=datetime.now).entries() if e["request"].get("certificate") == path.stem]
    assert (line["outcome"], line["request"]["rows"]) == ("erased", 5)
    assert apply_retention(office, on=TODAY, today=TODAY) == []


def test_the_shortened_log_verifies_and_a_forged_cut_does_not(office: Config) -> None:
    apply_retention(office, on=TODAY, today=TODAY)
    assert without_stored_facts(office) == []
    rotate(office, today=TODAY)
    assert without_stored_facts(office) == []
    log_at(office, 2026)
    path = office.log_dir / "access.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert json.loads(lines[0])["cut"]["certificate"].startswith("E") and json.loads(lines[0])["seq"] == 2
    for forged in (lines[1:], [lines[0].replace('"seq":2', '"seq":3'), *lines[2:]], [lines[0], *lines[2:]], [lines[0], *lines]):
        path.write_text("".join(forged), encoding="utf-8")
        assert without_stored_facts(office)
    path.write_text("".join(lines), encoding="utf-8")
    assert without_stored_facts(office) == []


def test_a_log_that_is_cut_whole_goes_on_and_is_cut_again(office: Config) -> None:
    seal = load_keys(office.key_dir).scanner.secret
    log = AccessLog(office.log_dir, clock=datetime.now)
    log.cut(4, facts={"certificate": "E1"}, seal_key=seal)
    assert list(log.entries()) == [] and log.verify(seal_key=seal) is None and log.position()[0] == 4
    assert log.verify() is not None  # without the keys nobody vouches for a cut
    log_at(office, 2026, 2026)
    log.cut(1, facts={"certificate": "E2"}, seal_key=seal)
    assert log.verify(seal_key=seal) is None and [entry["seq"] for entry in log.entries()] == [6]


def test_killed_before_any_step_it_is_undone_or_ended_by_the_next_call(held: Config, tmp_path: Path) -> None:
    found = set()
    for config in killed_commands(held.root, tmp_path / "killed", "retention", "--apply", stride=23):
        found.add(workshop.OLD_LOT in workshop.lots(config, snapshot=1))
        apply_retention(config, on=TODAY, today=TODAY)
        assert workshop.OLD_LOT not in workshop.lots(config, snapshot=1) and due(config) == {}
        assert without_stored_facts(config) == [] and workshop.left_over(config) == []
        certificates = list(config.state_dir.glob("certificates/E*.json"))
        assert len(certificates) == 1 and len(list(config.state_dir.glob("certificates/E*.txt"))) == 1
        lines = [e for e in AccessLog(config.log_dir, clock=datetime.now).entries() if e["outcome"] == "erased"]
        assert [line["request"]["certificate"] for line in lines] == [certificates[0].stem]
        content = workshop.everything_held(config)
        assert b"PASTRELEASE2012" not in content and b"PASTLINE2010" not in content
    assert found == {True, False}


def worklist_at(config: Config, day: str, *, lines: int = 2) -> Path:
    config.worklists_dir.mkdir(exist_ok=True)
    path = config.worklists_dir / f"reminders-{day}-0a1b2c3d.csv"
    path.write_text("source_file,line,reason,class\n" + "r.csv,2,MR1,soon\n" * lines, encoding="utf-8")
    return path


def test_worklists_go_by_the_day_in_their_names_and_are_certified(office: Config) -> None:
    kept, gone = worklist_at(office, "2025-04-01"), worklist_at(office, "2025-03-31")
    assert {key: rows for key, rows in due(office, date(2026, 4, 1)).items() if key[0] == "worklists"} == {("worklists", 2024): 2}
    (path,) = apply_retention(office, on=date(2026, 4, 1), today=TODAY)
    assert kept.exists() and not gone.exists()
    assert {"table": "worklists", "fiscal_year": 2024, "rows": 2} in json.loads(path.read_text(encoding="utf-8"))["erased"]
    assert "確認一覧  令和6年度  2件" in path.with_suffix(".txt").read_text(encoding="utf-8")


def test_without_a_period_of_their_own_worklists_go_with_the_quarantine(office: Config) -> None:
    settings = office.root / "daicho.toml"
    lines = settings.read_text(encoding="utf-8").splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if not line.startswith("worklists")), encoding="utf-8")
    config = load_config(office.root)
    worklist_at(config, "2021-03-31")
    assert ("worklists", 2020) not in due(config, date(2026, 3, 31)) and due(config, date(2026, 4, 1))["worklists", 2020] == 2


def test_erasing_a_person_takes_every_list_for_none_says_whose_lines_it_holds(office: Config) -> None:
    """Quarantine lists too, however young: a pointer at a row of an erased person leads to him in the source system."""
    path, before = worklist_at(office, TODAY.isoformat()), lines_by_year(lists_held(office, "quarantine"))
    assert before
    (certificate,) = erase_persons(office, [workshop.number(2)], today=TODAY)
    assert not path.exists() and not list(office.quarantine_dir.glob("*"))
    erased = json.loads(certificate.read_text(encoding="utf-8"))["erased"]
    assert {"table": "worklists", "fiscal_year": 2026, "rows": 2} in erased
    assert {item["fiscal_year"]: item["rows"] for item in erased if item["table"] == "quarantine"} == before


def test_only_an_officer_erases(office: Config) -> None:
    text = (office.root / "daicho.toml").read_text(encoding="utf-8")
    (office.root / "daicho.toml").write_text(
        text + '\n[[roles]]\nuser = "else"\nrole = "officer"\nvalid_until = 2027-03-31\n', encoding="utf-8"
    )
    with pytest.raises(DisclosureError, match="no officer"):
        apply_retention(load_config(office.root), on=TODAY, today=TODAY)


INVOICE = {
    "請求者コード": "unknown", "請求先コード": "", "支払月": "200005", "請求区分": "接種", "予防接種種別コード": "MR", "単価": "9000", "件数": "1",
    "金額": "9000",
}  # fmt: skip
DECISION = {
    "抽出ファイル": "vaccination.csv",
    "行番号": "2",
    "判定": "支払",
    "判定理由": "確認済み",
    "決裁者": "R001",
    "決定日": "20000520",
}


def test_bills_and_decisions_which_name_no_person_go_by_their_own_day(office: Config, tmp_path: Path) -> None:
    files = [
        write_extract(tmp_path / "invoice.csv", INVOICE, [{}, {"支払月": "202505"}]),
        write_extract(tmp_path / "payment_decision.csv", DECISION, [{}, {"行番号": "3", "決定日": "20250520"}]),
    ]
    take_in(files, config=office, today=TODAY)
    assert {key: rows for key, rows in due(office).items() if key[1] == 2000} == {("invoice", 2000): 1, ("payment_decision", 2000): 1}
    assert ("invoice", 2000) not in due(office, date(2021, 3, 31))
    apply_retention(office, on=TODAY, today=TODAY)
    assert due(office) == {}
    assert workshop.rows(office, "SELECT count(*) FROM invoice") == [(1,)]
