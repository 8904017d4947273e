"""Erasure of one person on request: every row under every number, for good, and not taken in again."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from tests.conftest import TODAY, make_workspace
from tests.intake.extract_factory import RESIDENT, VACCINATION, write_extract
from tests.intake.test_faults import killed_commands
from tests.vault import workshop

from daicho.core.config import Config, load_config
from daicho.core.errors import DataError
from daicho.gate.access_log import AccessLog
from daicho.gate.retention import apply_retention, erase_persons, find_persons
from daicho.intake.load import take_in
from daicho.runs.scan.scanner import Scanner
from daicho.vault.identifiers import load_identifier_index
from daicho.vault.rekey import rotate_keys

PERSON = workshop.number(0)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Config:
    config = make_workspace(tmp_path_factory.mktemp("held") / "office")
    workshop.fill(config, tmp_path_factory.mktemp("extracts"))
    return config


@pytest.fixture
def office(held: Config, tmp_path: Path) -> Config:
    shutil.copytree(held.root, tmp_path / "office")
    return load_config(tmp_path / "office")


def scan(config: Config, folder: Path, text: str) -> bool:
    path = folder / "page.csv"
    path.write_text(f"名,値\n{text},1\n", encoding="utf-8")
    return bool(Scanner(load_identifier_index(config)).scan([path]))


def test_everything_of_the_person_goes_under_either_number(office: Config, tmp_path: Path) -> None:
    marks = [workshop.pseudonym(office, PERSON), workshop.pseudonym(office, workshop.OLD_NUMBER)]
    planted = [*marks, *(lot.encode() for lot in (workshop.OLD_LOT, workshop.LOT, workshop.MERGED_LOT))]
    assert all(mark in workshop.everything_held(office) for mark in planted)
    assert scan(office, tmp_path, PERSON) and scan(office, tmp_path, "秘匿姓名甲")
    before = workshop.doses_by_measure(office, snapshot=1)
    erase_persons(office, [workshop.OLD_NUMBER], today=TODAY)  # asked by the old number: the present one goes too
    content = workshop.everything_held(office)
    assert not any(mark in content for mark in planted)
    for number in (1, 2):
        assert workshop.rows(office, "SELECT count(*) FROM person", snapshot=number) == [(5,)]
        assert not workshop.lots(office, snapshot=number) & {workshop.OLD_LOT, workshop.LOT, workshop.MERGED_LOT}
    assert before - workshop.doses_by_measure(office, snapshot=1) == 2
    # Scanner entries that nobody else needs are gone; the others' stay, and so does what is shared with them.
    assert not any(scan(office, tmp_path, text) for text in (PERSON, workshop.OLD_NUMBER, "秘匿姓名甲"))
    assert scan(office, tmp_path, workshop.number(1)) and scan(office, tmp_path, "秘匿姓名乙") and scan(office, tmp_path, "秘匿髙橋一郎")


def test_looking_first_counts_and_changes_nothing(office: Config) -> None:
    before = {path: path.read_bytes() for path in office.state_dir.rglob("*") if path.is_file()}
    due = find_persons(office, [" ５１００-000001 ".strip()])
    assert {count.table: count.rows for count in due.counts} == {"number_change": 1, "resident": 1, "vaccination": 3}
    assert len(due.pseudonyms) == 2
    assert {path: path.read_bytes() for path in office.state_dir.rglob("*") if path.is_file()} == before


def test_neither_certificate_nor_log_nor_error_says_who(office: Config) -> None:
    (path,) = erase_persons(office, [PERSON], today=TODAY)
    certificate = json.loads(path.read_text(encoding="utf-8"))
    assert certificate["kind"] == "person" and certificate["numbers"] == 2 and certificate["scanner_entries"] >= 3
    assert {item["table"]: (item["fiscal_year"], item["rows"]) for item in certificate["erased"]}["vaccination"] == (None, 3)
    (line,) = [e for e in AccessLog(office.log_dir, clock=datetime.now).entries() if e["outcome"] == "erased"]
    assert line["request"]["certificate"] == path.stem
    raw = workshop.raw_files(office)
    assert PERSON.encode() not in raw and workshop.OLD_NUMBER.encode() not in raw and "秘匿姓名甲".encode() not in raw
    with pytest.raises(DataError) as refused:
        erase_persons(office, [PERSON], today=TODAY)
    assert PERSON not in str(refused.value) and "nothing was erased" in str(refused.value)


def test_an_erased_person_is_not_taken_in_again_even_after_a_rotation(office: Config, tmp_path: Path) -> None:
    erase_persons(office, [PERSON], today=TODAY)
    people = [{"宛名番号": workshop.number(place), "氏名": f"秘匿姓名{'甲乙丙丁戊己'[place]}", "続柄": "母"} for place in range(6)]
    doses = [{"宛名番号": number, "接種期": "", "接種日": "20260501"} for number in (PERSON, workshop.OLD_NUMBER, workshop.number(1))]
    for again in range(2):
        names = [{**person, "住民区分": "日本人", "住所届出日": f"2020040{again + 1}"} for person in people]
        files = [
            write_extract(tmp_path / f"r{again}.csv", RESIDENT, names),
            write_extract(tmp_path / f"v{again}.csv", VACCINATION, [{**dose, "接種日": f"2026050{again + 1}"} for dose in doses]),
        ]
        report = take_in(files, config=office, today=TODAY)
        assert [file.rows_quarantined for file in report.files] == [{"erased_person": 1}, {"erased_person": 2}]
        assert all(file.rows_read == file.rows_accepted + sum(file.rows_quarantined.values()) for file in report.files)
        assert workshop.rows(office, "SELECT count(*) FROM person") == [(5,)]
        assert workshop.pseudonym(office, PERSON) not in workshop.everything_held(office)
        assert not scan(office, tmp_path, "秘匿姓名甲") and not scan(office, tmp_path, PERSON)
        rotate_keys(office, today=TODAY)


@pytest.mark.long
def test_killed_before_any_step_the_person_is_held_whole_or_gone(held: Config, tmp_path: Path) -> None:
    (tmp_path / "person.txt").write_text(PERSON + "\n", encoding="utf-8")
    found = set()
    command = ("retention", "--apply", "--person-file", tmp_path / "person.txt")
    for config in killed_commands(held.root, tmp_path / "killed", *command, stride=23):
        persons = workshop.rows(config, "SELECT count(*) FROM person", snapshot=1)[0][0]
        found.add(persons)
        if persons == 6:
            erase_persons(config, [PERSON], today=TODAY)
        else:
            apply_retention(config, on=TODAY, today=TODAY)
        assert workshop.rows(config, "SELECT count(*) FROM person", snapshot=2) == [(5,)]
        assert workshop.pseudonym(config, PERSON) not in workshop.everything_held(config)
        assert workshop.left_over(config) == [] and workshop.errors(config) == []
        kinds = [json.loads(path.read_text(encoding="utf-8"))["kind"] for path in config.state_dir.glob("certificates/E*.json")]
        assert kinds.count("person") == 1
    assert found == {5, 6}
