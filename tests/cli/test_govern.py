"""`daicho check`, `scan`, `audit` and `key`: what they find, and how they end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.shell import daicho
from tests.conftest import WARD_SMALL, copy_unrecorded

from daicho.core.config import Config, load_config

COUNTS = ("query", "annual_counts", "--fiscal-year", "2025", "--format", "csv")
PERSON = "5100000000"  # a 宛名番号 of the small ward


@pytest.fixture(scope="module")
def asked(ward: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The small ward after a few releases; copied, never changed."""
    config = copy_unrecorded(ward, tmp_path_factory.mktemp("asked") / "office")
    for by in ("vaccine", "sex", "district"):
        assert daicho(config, *COUNTS, "--by", by).code == 0
    return config


@pytest.fixture
def office(asked: Config, tmp_path: Path) -> Config:
    shutil.copytree(asked.root, tmp_path / "office")
    return load_config(tmp_path / "office")


def test_the_shipped_workspace_is_clean(workspace: Config) -> None:
    clean = daicho(workspace, "check")
    assert clean.code == 0, clean.out
    assert all(finding["severity"] == "note" for finding in daicho(workspace, "check", "--format", "json").data())


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def drop_line(path: Path, start: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(start)]
    assert len(kept) < len(lines)
    path.write_text("".join(kept), encoding="utf-8")


DEFECTS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "an unknown key": ("daicho.toml", lambda path: replaced(path, "[lab]", "[lab]\nspeed = 1")),
    "a wrong municipality": ("daicho.toml", lambda path: replaced(path, '"131032"', '"131033"')),
    "a plan for no report": ("pipelines/weekly_quality.toml", lambda path: replaced(path, '"data_quality"', '"nothing"')),
    "a plan on no day": ("pipelines/weekly_quality.toml", lambda path: replaced(path, "30 6 * * 1", "30 6 31 2 *")),
    "a plan that is no TOML": ("pipelines/weekly_quality.toml", lambda path: path.write_text("title", encoding="utf-8")),
    "a report for no profile": ("notebooks/coverage.ipynb", lambda path: replaced(path, '"profile": "', '"profile": "x')),
    "a notebook that is none": ("notebooks/coverage.ipynb", lambda path: path.write_text("{}", encoding="utf-8")),
    "a code list without a code": ("data_contracts/codelists/vaccine.csv", lambda path: drop_line(path, "MR,")),
    "profiles that cannot be read": ("data_contracts/disclosure.yaml", lambda path: path.write_text("profiles: 3", encoding="utf-8")),
    "a contract that cannot be read": ("data_contracts/extracts/resident.odcs.yaml", lambda path: path.write_text("[", encoding="utf-8")),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found_and_its_file_named(workspace: Config, defect: str) -> None:
    name, plant = DEFECTS[defect]
    plant(workspace.root / name)
    found = daicho(workspace, "check", "--format", "json")
    assert found.code == 1, found.out + found.err
    errors = [finding for finding in found.data() if finding["severity"] == "error"]
    assert errors
    said = json.dumps(errors, ensure_ascii=False)
    assert Path(name).stem.split(".")[0] in said


def test_every_vendor_code_that_maps_to_nothing_is_named(workspace: Config) -> None:
    found = daicho(workspace, "check", WARD_SMALL / "vaccination.csv")
    assert found.code == 1
    assert [code for code in ("Y0110", "Y0301", "Y0501") if f"the code {code} of the column 予防接種種別コード" not in found.out] == []
    assert daicho(workspace, "check", WARD_SMALL / "vaccination.csv", "--mapping", WARD_SMALL / "vendor_codes.csv").code == 0
    assert daicho(workspace, "check", WARD_SMALL).code == 0
    assert daicho(workspace, "check", WARD_SMALL / "absent.csv").code == 2


def test_a_clean_file_passes_and_a_hit_is_told_by_file_and_kind(office: Config, tmp_path: Path) -> None:
    clean, leak = tmp_path / "clean.csv", tmp_path / "leak.html"
    clean.write_text("地区,接種者数\n芝,153\n", encoding="utf-8")
    leak.write_text(f"<p>番号 {PERSON}</p>", encoding="utf-8")
    hit = daicho(office, "scan", clean, leak)
    assert hit.code == 3 and "leak.html" in hit.out and "clean.csv" not in hit.out
    assert PERSON not in hit.out + hit.err
    passed = daicho(office, "scan", clean, "--format", "json")
    assert (passed.code, passed.data()) == (0, [])
    assert daicho(office, "scan", tmp_path / "absent").code == 2


def test_log_and_ledger_of_an_honest_office_are_whole(office: Config) -> None:
    assert daicho(office, "audit").code == 0
    assert daicho(office, "audit", "--format", "json").data() == []


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_lines(path: Path, *, start: int, stop: int | None) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[start:stop]
    path.write_bytes(b"".join(lines))


TAMPERINGS: dict[str, Callable[[Path], None]] = {
    "a flipped bit": flip,
    "a dropped line": lambda path: cut_lines(path, start=1, stop=2),
    "a dropped first line": lambda path: cut_lines(path, start=0, stop=1),
    "a cut tail": lambda path: cut_lines(path, start=-1, stop=None),
    "half a line": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "nothing left": lambda path: path.write_bytes(b""),
    "a deleted file": Path.unlink,
    "a line twice": lambda path: path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[-1]),
}


@pytest.mark.parametrize("file", ["log/access.jsonl", "releases/ledger.jsonl"])
@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_every_tampering_with_a_journal_is_found(office: Config, file: str, tampering: str) -> None:
    path = office.state_dir / file
    TAMPERINGS[tampering](path)
    found = daicho(office, "audit")
    assert found.code == 3 and path.name in found.out and "Traceback" not in found.err
    assert any(finding["severity"] == "error" for finding in daicho(office, "audit", "--format", "json").data())


def test_a_log_deleted_with_its_head_is_missed(office: Config) -> None:
    for path in office.log_dir.glob("access.jsonl*"):
        path.unlink()
    assert daicho(office, "audit").code == 3


@pytest.mark.parametrize("releases", [1, 3])
def test_a_log_deleted_with_its_head_is_missed_after_a_gate_wrote_it_anew(ward: Config, tmp_path: Path, releases: int) -> None:
    office = copy_unrecorded(ward, tmp_path / "office")
    for by in ("vaccine", "sex", "district")[:releases]:
        assert daicho(office, *COUNTS, "--by", by).code == 0
    for path in office.log_dir.glob("access.jsonl*"):
        path.unlink()
    assert daicho(office, *COUNTS, "--by", "month").code == 0
    found = daicho(office, "audit")
    assert found.code == 3 and "access.jsonl" in found.out and "deleted" in found.out


def test_a_changed_release_is_found(office: Config) -> None:
    flip(next(office.releases_dir.glob("*.arrow")))
    found = daicho(office, "audit")
    assert found.code == 3 and "was changed" in found.out


def test_keys_are_made_once_and_told_without_their_secrets(workspace: Config) -> None:
    none = daicho(workspace, "key", "status")
    assert none.code == 5 and "daicho key new" in none.sentence
    assert daicho(workspace, "key", "new").code == 0
    secrets = [json.loads(path.read_text(encoding="ascii"))["secret_hex"] for path in workspace.key_dir.iterdir()]
    told = daicho(workspace, "key", "status")
    machine = daicho(workspace, "key", "status", "--format", "json").data()
    assert {item["purpose"] for item in machine["keys"]} == {"pseudonym", "vault", "scanner"}
    assert all(item["key_id"] in told.out for item in machine["keys"]) and not any(secret in told.out for secret in secrets)
    again = daicho(workspace, "key", "new")
    assert again.code == 5 and "never overwritten" in again.sentence


def test_a_vault_that_lost_its_keys_gets_no_new_ones(office: Config) -> None:
    shutil.rmtree(office.key_dir)
    for command in (("key", "new"), ("key", "status"), COUNTS, ("scan", office.root / "daicho.toml")):
        refused = daicho(office, *command)
        assert refused.code == 5, command
        assert "restore" in refused.sentence or "key" in refused.sentence
    assert not office.key_dir.exists() or not list(office.key_dir.iterdir())


@pytest.mark.parametrize("name", ["catalog.json", "marts/snapshot-000001.duckdb"])
def test_a_damaged_vault_is_one_sentence_and_exit_5(office: Config, name: str) -> None:
    (office.vault_dir / name).write_bytes(b"damaged")
    refused = daicho(office, *COUNTS, "--by", "month")
    assert (refused.code, refused.out) == (5, "") and Path(name).name in refused.sentence
