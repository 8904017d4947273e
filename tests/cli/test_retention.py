"""`daicho retention` and `daicho key rotate | backed-up | status`: what they say, and how they end."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.cli.shell import daicho, program
from tests.conftest import make_workspace
from tests.vault import workshop

from daicho.core.config import Config, load_config
from daicho.gate.runtime_dir import LOCK_FILE
from daicho.gate.server import take_lock


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Config:
    config = make_workspace(tmp_path_factory.mktemp("held") / "office")
    workshop.fill(config, tmp_path_factory.mktemp("extracts"))
    return config


@pytest.fixture
def office(held: Config, tmp_path: Path) -> Config:
    shutil.copytree(held.root, tmp_path / "office")
    return load_config(tmp_path / "office")


def test_listing_then_applying_then_nothing(office: Config) -> None:
    listed = daicho(office, "retention")
    assert (listed.code, listed.out.splitlines()[0]) == (0, "vaccination: fiscal 1999: 1 rows") and "nothing was changed" in listed.out
    assert daicho(office, "retention", "--format", "json").data()["rows"] == [{"table": "vaccination", "fiscal_year": 1999, "rows": 1}]
    done = daicho(office, "retention", "--apply", "--format", "json")
    assert done.code == 0 and done.data()["applied"] and Path(done.data()["certificates"][0]).is_file()
    again = daicho(office, "retention")
    assert (again.code, again.out) == (0, "nothing is past its retention period on 2026-11-24\n")
    assert daicho(office, "audit").code == 0
    assert daicho(office, "query", "annual_counts", "--fiscal-year", "2024", "--by", "vaccine").code == 0


def test_a_person_is_erased_by_file_or_standard_input_and_never_shown(office: Config, tmp_path: Path) -> None:
    person = tmp_path / "person.txt"
    person.write_text(workshop.number(0) + "\r\n", encoding="utf-8")
    looked = daicho(office, "retention", "--person-file", person)
    assert looked.code == 0 and "vaccination: 3 rows" in looked.out and "nothing was changed" in looked.out
    done = daicho(office, "retention", "--apply", "--person-file", person)
    assert done.code == 0 and "certificate" in done.out
    assert workshop.number(0) not in looked.out + looked.err + done.out + done.err
    gone = daicho(office, "retention", "--apply", "--person-file", person)
    assert gone.code == 1 and workshop.number(0) not in gone.err
    person.write_text("秘匿 太郎,赤坂", encoding="utf-8")
    assert daicho(office, "retention", "--person-file", person).code == 2
    assert daicho(office, "retention", "--person-file", tmp_path / "absent").code == 2
    assert program(office, "retention", "--person-file", "-").code == 2  # an empty standard input
    assert daicho(office, "audit").code == 0


def test_what_may_not_be_is_refused(office: Config) -> None:
    assert daicho(office, "retention", "--on", "2027-04-01").code == 2
    assert daicho(office, "retention", "--on", "2020-04-01", "--person-file", "x").code == 2
    office.log_dir.mkdir(exist_ok=True)
    lock = take_lock(office.log_dir / LOCK_FILE)
    for words in (("retention", "--apply"), ("key", "rotate")):
        refused = daicho(office, *words)
        assert refused.code == 2 and "stop it" in refused.sentence
    os.close(lock)
    (office.key_dir / "vault.key").unlink()
    assert daicho(office, "retention").code == 5


def test_status_tells_rotation_and_backup_and_no_secret(office: Config) -> None:
    assert "no backup" in daicho(office, "key", "status").out
    assert daicho(office, "key", "backed-up", "--on", "2027-01-01").code == 2
    assert daicho(office, "key", "backed-up").code == 0
    before = daicho(office, "key", "status", "--format", "json").data()
    assert before["backed_up_on"] == "2026-11-24" and {item["mode"] for item in before["keys"]} == {"0600"}
    rotated = daicho(office, "key", "rotate")
    assert rotated.code == 0 and "key backed-up" in rotated.out
    after = daicho(office, "key", "status", "--format", "json").data()
    assert after["backed_up_on"] is None  # the copy holds the earlier keys
    kept = {item["purpose"] for item in after["keys"] if item["replaces"] is None}
    assert kept == {"scanner"} and [item["key_id"] for item in before["keys"]] == [
        item["replaces"] or item["key_id"] for item in after["keys"]
    ]
    assert "rotated on 2026-11-24" in daicho(office, "key", "status").out
    assert daicho(office, "audit").code == 0
