"""A crash, a full disk, damage and company at any point: the vault is as before or as after, and the next intake succeeds."""

from __future__ import annotations

import json
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from tests.conftest import ROOT, TODAY, make_workspace
from tests.intake.extract_factory import RESIDENT, VACCINATION, write_extract

from daicho.core.config import Config, load_config
from daicho.core.errors import DaichoError, DataError, UsageError, VaultError
from daicho.intake.load import take_in
from daicho.vault import open_snapshot

PROGRAM = Path(sys.executable).parent / "daicho"
BEFORE, AFTER = 3, 5


def people(count: int, **changes: str) -> list[dict[str, str]]:
    return [{"宛名番号": str(5_100_000_000 + number), **changes} for number in range(1, count + 1)]


def persons(config: Config) -> int:
    """What a query counts now; 0 when the vault holds nothing."""
    try:
        connection = open_snapshot(config, snapshot=None, reference={}, macros=())
    except VaultError as error:
        assert "daicho intake" in str(error) or "key is missing" in str(error)
        assert not (config.vault_dir / "catalog.json").exists()
        return 0
    try:
        row = connection.execute("SELECT count(*) FROM person").fetchone()
    finally:
        connection.close()
    assert row is not None
    return int(row[0])


def left_over(config: Config) -> list[str]:
    """Files of the vault that no commit names."""
    catalog = json.loads((config.vault_dir / "catalog.json").read_text(encoding="utf-8"))["catalog"]
    known = {f"batch-{batch['batch']:06d}.duckdb" for batch in catalog["batches"]}
    known |= {f"snapshot-{snapshot['number']:06d}.duckdb" for snapshot in catalog["snapshots"]}
    files = [*(config.vault_dir / "segments").iterdir(), *(config.vault_dir / "marts").iterdir()]
    return [path.name for path in files if path.name not in known] + [path.name for path in (config.vault_dir / "temp").glob("*.duckdb*")]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_extract(tmp_path_factory.mktemp("first") / "r.csv", RESIDENT, people(BEFORE))


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_extract(tmp_path_factory.mktemp("more") / "r.csv", RESIDENT, people(AFTER))


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory, first: Path) -> Config:
    """A workspace that holds the first extract; copied, never changed."""
    config = make_workspace(tmp_path_factory.mktemp("held") / "office")
    take_in([first], config=config, today=TODAY)
    return config


@pytest.fixture
def office(held: Config, tmp_path: Path) -> Config:
    shutil.copytree(held.root, tmp_path / "office")
    return load_config(tmp_path / "office")


def intake(config: Config, *paths: Path, **options: object) -> subprocess.CompletedProcess[str]:
    command = [PROGRAM, "--workspace", config.root, "intake", *paths]
    return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload, no-any-return]


def killed_before_steps(workspace: Path, extract: Path, out: Path, *, stride: int) -> list[Config]:
    """Copies of the workspace, in each of which an intake was killed before another step; in the last it ran through."""
    return killed_commands(workspace, out, "intake", extract, stride=stride)


def killed_commands(workspace: Path, out: Path, *words: object, stride: int) -> list[Config]:
    """Copies of the workspace, in each of which a command was killed before another step; in the last it ran through."""
    out.mkdir()
    command = [sys.executable, "-m", "tests.intake.killed_intake", workspace, out, str(stride), *map(str, words)]
    subprocess.run(command, cwd=ROOT, check=True)
    return [load_config(folder) for folder in sorted(out.iterdir())]


EVERY = 4  # of the 20 to 30 steps of an intake on the file system; 1 tries them all


@pytest.mark.long
def test_killed_before_any_step_a_first_intake_leaves_nothing_or_all(workspace: Config, first: Path, tmp_path: Path) -> None:
    found = set()
    for config in killed_before_steps(workspace.root, first, tmp_path / "killed", stride=EVERY):
        found.add(persons(config))
        take_in([first], config=config, today=TODAY)
        assert (persons(config), left_over(config)) == (BEFORE, [])
    assert found == {0, BEFORE}


def test_killed_before_any_step_the_vault_is_as_before_or_as_after(held: Config, more: Path, tmp_path: Path) -> None:
    found = set()
    for config in killed_before_steps(held.root, more, tmp_path / "killed", stride=EVERY):
        found.add(persons(config))
        take_in([more], config=config, today=TODAY)
        assert (persons(config), left_over(config)) == (AFTER, [])
    assert found == {BEFORE, AFTER}


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_a_random_moment_the_vault_is_as_before_or_as_after(office: Config, more: Path, seed: int) -> None:
    running = subprocess.Popen([PROGRAM, "--workspace", office.root, "intake", more], stderr=subprocess.PIPE)
    assert running.stderr is not None
    running.stderr.readline()  # the first line of progress: from here on the vault is written
    time.sleep(random.Random(seed).uniform(0, 0.25))
    running.kill()
    running.communicate()
    assert persons(office) in (BEFORE, AFTER)
    assert intake(office, more).returncode == 0
    assert (persons(office), left_over(office)) == (AFTER, [])


@pytest.mark.parametrize("size", [5_000, 400_000])
def test_a_full_disk_is_one_sentence_and_changes_nothing(office: Config, more: Path, size: int) -> None:
    full = intake(office, more, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    assert full.returncode == 5, full.stderr
    last = full.stderr.splitlines()[-1]
    assert last.startswith("daicho: ") and "nothing was taken in" in last and "free space" in last
    assert "Traceback" not in full.stderr and persons(office) == BEFORE
    take_in([more], config=office, today=TODAY)
    assert (persons(office), left_over(office)) == (AFTER, [])


def test_a_state_folder_that_cannot_be_written_is_one_sentence(workspace: Config, first: Path) -> None:
    workspace.state_dir.write_text("a file where the folder should be", encoding="utf-8")
    refused = intake(workspace, first)
    assert refused.returncode == 5 and "Traceback" not in refused.stderr
    assert str(workspace.state_dir) in refused.stderr.splitlines()[-1]


def test_two_intakes_at_once_do_not_mix(office: Config, more: Path, tmp_path: Path) -> None:
    doses = write_extract(tmp_path / "v.csv", VACCINATION, people(2))
    both = [
        subprocess.Popen([PROGRAM, "--workspace", office.root, "intake", path], stderr=subprocess.PIPE, text=True) for path in (more, doses)
    ]
    said = [running.communicate()[1] for running in both]
    assert sorted({running.returncode for running in both}) in ([0], [0, 5]), said
    assert all("another intake" in text for running, text in zip(both, said, strict=True) if running.returncode)
    take_in([more, doses], config=office, today=TODAY)
    assert (persons(office), left_over(office)) == (AFTER, [])


def test_two_first_intakes_at_once_make_one_set_of_keys(workspace: Config, first: Path) -> None:
    both = [
        subprocess.Popen([PROGRAM, "--workspace", workspace.root, "intake", first], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [running.communicate()[1] for running in both]
    assert {running.returncode for running in both} <= {0, 5} and 0 in {running.returncode for running in both}, said
    assert (persons(workspace), left_over(workspace)) == (BEFORE, [])


def damage(path: Path, *, start: int) -> None:
    """Flip bytes in every kilobyte from `start` on."""
    content = bytearray(path.read_bytes())
    for place in range(start, len(content) - 16, 1024):
        content[place : place + 16] = bytes(byte ^ 0xFF for byte in content[place : place + 16])
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["catalog.json", "marts/snapshot-000001.duckdb"])
@pytest.mark.parametrize("how", ["flipped", "empty", "text"])
def test_a_damaged_vault_file_is_a_vault_error(office: Config, name: str, how: str) -> None:
    path = office.vault_dir / name
    if how == "flipped":
        damage(path, start=0)
    else:
        path.write_bytes({"empty": b"", "text": b'{"catalog": {}, "seal": 1}'}[how])
    with pytest.raises(VaultError) as refused:
        open_snapshot(office, snapshot=None, reference={}, macros=())
    assert path.name in str(refused.value)


@pytest.mark.parametrize("how", ["flipped", "cut"])
def test_a_mart_whose_data_is_damaged_gives_no_figure(office: Config, how: str) -> None:
    path = office.vault_dir / "marts" / "snapshot-000001.duckdb"
    if how == "flipped":
        damage(path, start=16_384)
    else:
        path.write_bytes(path.read_bytes()[:16_384])
    with pytest.raises((VaultError, duckdb.Error)):
        open_snapshot(office, snapshot=None, reference={}, macros=()).execute("SELECT * FROM residence").fetchall()


def test_a_damaged_segment_stops_an_intake_and_changes_nothing(office: Config, more: Path) -> None:
    before = (office.vault_dir / "catalog.json").read_bytes()
    damage(office.vault_dir / "segments" / "batch-000001.duckdb", start=16_384)
    with pytest.raises(VaultError):
        take_in([more], config=office, today=TODAY)
    assert (office.vault_dir / "catalog.json").read_bytes() == before and persons(office) == BEFORE


@pytest.mark.parametrize("purpose", ["pseudonym", "vault", "scanner"])
@pytest.mark.parametrize("how", ["missing", "damaged", "another", "open to others"])
def test_without_its_keys_the_vault_takes_nothing_in(office: Config, more: Path, purpose: str, how: str, tmp_path: Path) -> None:
    path = office.key_dir / f"{purpose}.key"
    if how == "missing":
        path.unlink()
    elif how == "damaged":
        path.write_text("{}", encoding="ascii")
    elif how == "open to others":
        path.chmod(0o644)
    else:
        other = next(item for item in office.key_dir.iterdir() if item != path)
        path.write_bytes(other.read_bytes())
    with pytest.raises(VaultError, match=purpose):
        take_in([more], config=office, today=TODAY)
    with pytest.raises(VaultError, match=purpose):
        open_snapshot(office, snapshot=None, reference={}, macros=())


def test_a_first_intake_that_died_amid_its_keys_can_be_repeated(workspace: Config, first: Path) -> None:
    take_in([first], config=workspace, today=TODAY)
    shutil.rmtree(workspace.vault_dir)
    (workspace.key_dir / "vault.key").unlink()
    take_in([first], config=workspace, today=TODAY)
    assert persons(workspace) == BEFORE


def test_a_truncated_extract_loses_its_broken_row_or_is_refused(office: Config, tmp_path: Path) -> None:
    whole = write_extract(tmp_path / "v.csv", VACCINATION, people(300)).read_bytes()
    header = whole.index(b"\n")
    for size in (header // 2, header - 2, header, len(whole) - 30):
        (tmp_path / "v.csv").write_bytes(whole[:size])
        try:
            (file,) = take_in([tmp_path / "v.csv"], config=office, today=TODAY, dry_run=True).files
        except DataError as refused:
            assert "v.csv" in str(refused)
            continue
        assert file.rows_quarantined == {"wrong_field_count": 1}


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 4096, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, b"%PDF-1.7\n" + b"\xff\xfe\n" * 50, b"PK\x03\x04" + b"\r" * 500],
    ids=["empty", "zeros", "png", "pdf", "zip"],
)
def test_what_is_no_extract_is_refused_by_name(office: Config, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "strange.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"strange\.csv"):
        take_in([path], config=office, today=TODAY)
    assert persons(office) == BEFORE


def test_a_folder_that_may_not_be_read_is_named(workspace: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", closed)
    with pytest.raises(UsageError, match=str(tmp_path)):
        take_in([tmp_path], config=workspace, today=TODAY)


def test_an_extract_that_goes_away_while_it_is_read_is_an_error_of_the_data(
    office: Config, more: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gone.csv"
    path.write_bytes(more.read_bytes())
    monkeypatch.setattr("daicho.intake.load.code_maps", lambda *_: path.unlink() or {})
    with pytest.raises(DaichoError, match=r"gone\.csv"):
        take_in([path], config=office, today=TODAY)
    assert persons(office) == BEFORE
