"""`daicho submit`: a return frozen as sent, what changed since and through which batch, and the same bytes again."""

from __future__ import annotations

import getpass
import json
import shutil
from pathlib import Path

import openpyxl
import pytest
from tests.cli.shell import daicho
from tests.conftest import TODAY, make_workspace
from tests.intake.extract_factory import RESIDENT, VACCINATION, write_extract

from daicho.core.config import Config, load_config
from daicho.intake.load import take_in
from daicho.seal import seal_available

pytestmark = pytest.mark.skipif(not seal_available(), reason="this machine has no Landlock of ABI 4 or newer")

RETURN = ("submit", "annual_counts", "--fiscal-year", 2025)
CHILDREN = [f"51000000{number:02d}" for number in range(4)]
BORN = {"生年月日": "20240610", "住所を定めた日": "20240610", "住所届出日": "20240610", "住民となった日": "20240610"}


def doses(path: Path, *days: str) -> Path:
    """MR first-stage doses, a child each."""
    rows = [
        {"宛名番号": child, "接種日": day, "予診日": day, "支払月": "202509", "ワクチンロット番号": child}
        for child, day in zip(CHILDREN, days, strict=False)
        if day
    ]
    return write_extract(path, VACCINATION, rows)


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """An office of four children that submitted two doses of FY2025."""
    extracts = tmp_path_factory.mktemp("extracts")
    config = make_workspace(tmp_path_factory.mktemp("submitted") / "office")
    register = write_extract(extracts / "r.csv", RESIDENT, [{"宛名番号": child, **BORN} for child in CHILDREN])
    take_in([register, doses(extracts / "v.csv", "20250701", "20250702")], config=config, today=TODAY)
    made = daicho(config, *RETURN)
    assert made.code == 0, made.err
    assert made.out.startswith("submission 1  2026-11-24  by ")
    return config


@pytest.fixture
def office(submitted: Config, tmp_path: Path) -> Config:
    shutil.copytree(submitted.root, tmp_path / "office")
    return load_config(tmp_path / "office")


def frozen(config: Config, number: int = 1) -> Path:
    return config.state_dir / "submissions" / "annual_counts" / "2025" / f"{number:04d}"


def test_what_was_sent_is_kept_whole_and_cannot_be_written(office: Config) -> None:
    record = json.loads((frozen(office) / "submission.json").read_text(encoding="utf-8"))
    files = {path.relative_to(frozen(office)).as_posix() for path in frozen(office).rglob("*") if path.is_file()}
    assert files == {*record["files"], "submission.json"}
    assert {"annual_counts.pdf", "annual_counts.html", "manifest.json", "figures/form_rows.csv", "figures/form_exceptions.csv"} <= files
    assert all(path.stat().st_mode & 0o777 == 0o400 for path in frozen(office).rglob("*") if path.is_file())
    assert (record["number"], record["previous"], record["reason"]) == (1, "", "")


def test_nothing_differs_while_the_ledger_is_the_same(office: Config) -> None:
    again = daicho(office, *RETURN)
    assert (again.code, again.out) == (0, "nothing differs from submission 1 of 2026-11-24\n")
    assert not frozen(office, 2).exists()


def test_a_later_dose_is_shown_in_its_row_with_its_batch(office: Config, tmp_path: Path) -> None:
    take_in([doses(tmp_path / "late.csv", "", "", "20260331")], config=office, today=TODAY)
    take_in([doses(tmp_path / "next_year.csv", "", "", "", "20260401")], config=office, today=TODAY)
    changes = daicho(office, *RETURN, "--format", "json").data()
    (row,) = [change for change in changes if change["figure"] == "form_rows"]
    assert (row["submitted"], row["now"]) == (2, 3)
    assert "1期" in row["label"]
    assert [(cause[1], cause[2]) for cause in row["causes"]] == [("batch 3 vaccination (2026-11-24)", 1)]
    shown = daicho(office, *RETURN).out
    assert "2 → 3 (+1)" in shown and "batch 3 vaccination" in shown and "batch 4" not in shown


def test_the_submitted_version_is_reprinted_byte_for_byte_after_the_ledger_grew(office: Config, tmp_path: Path) -> None:
    take_in([doses(tmp_path / "late.csv", "", "", "20260331")], config=office, today=TODAY)
    assert daicho(office, *RETURN, "--reprint", tmp_path / "again").code == 0
    names = json.loads((frozen(office) / "submission.json").read_text(encoding="utf-8"))["files"]
    assert all((tmp_path / "again" / name).read_bytes() == (frozen(office) / name).read_bytes() for name in names)
    refused = daicho(office, *RETURN, "--reprint", tmp_path / "again")
    assert refused.code == 2 and "not empty" in refused.sentence


def test_a_correction_follows_with_its_reason_and_is_compared_from_then_on(office: Config, tmp_path: Path) -> None:
    take_in([doses(tmp_path / "late.csv", "", "", "20260331")], config=office, today=TODAY)
    made = daicho(office, *RETURN, "--correct", "他区実施分の到着")
    assert made.code == 0 and made.out.startswith("submission 2"), made.err
    listed = daicho(office, *RETURN, "--list", "--format", "json").data()
    assert [item["reason"] for item in listed] == ["", "他区実施分の到着"]
    assert listed[1]["previous"] == listed[0]["digest"]
    assert daicho(office, *RETURN).out == "nothing differs from submission 2 of 2026-11-24\n"
    assert "2 → 3" in daicho(office, *RETURN, "--number", 1).out
    book = openpyxl.load_workbook(frozen(office, 2) / "data" / "annual_counts.xlsx")
    (sheet,) = [book[name] for name in book.sheetnames if "差異" in name]
    assert [row for row in sheet.iter_rows(values_only=True) if row[3] == 2] == [("MR", "1期", "－", 2, 3, 1), ("合計", "", "", 2, 3, 1)]
    assert (frozen(office, 2) / "data" / "form_rows_by_row_column_snapshot1.csv").is_file()
    assert daicho(office, "audit").code == 0


def test_a_changed_file_or_record_is_found_and_not_reprinted(office: Config, tmp_path: Path) -> None:
    file = frozen(office) / "figures" / "form_rows.csv"
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b",2,", b",9,"))
    refused = daicho(office, *RETURN, "--reprint", tmp_path / "again")
    assert refused.code == 5 and "figures/form_rows.csv" in refused.sentence and not (tmp_path / "again").exists()
    audited = daicho(office, "audit")
    assert audited.code == 3 and "submissions/annual_counts/2025" in audited.out
    record = frozen(office) / "submission.json"
    record.chmod(0o600)
    record.write_text(record.read_text(encoding="utf-8").replace("2026-11-24", "2026-10-24"), encoding="utf-8")
    assert daicho(office, *RETURN).code == 5


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("submit", "coverage", "--fiscal-year", 2025), "no return"),
        (("submit", "annual_counts", "--fiscal-year", 2024, "--correct", "x"), "not submitted yet"),
        ((*RETURN, "--correct", "x", "--list"), "give one of"),
        ((*RETURN, "--number", 7), "has no submission 7"),
        (("submit", "annual_counts", "--fiscal-year", 2024, "--reprint", "somewhere"), "has no submission"),
    ],
)
def test_what_is_wrong_is_refused_in_one_sentence(office: Config, arguments: tuple[object, ...], sentence: str) -> None:
    refused = daicho(office, *arguments)
    assert refused.code == 2 and sentence in refused.sentence


def test_only_an_officer_submits(office: Config) -> None:
    with (office.root / "daicho.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[[roles]]\nuser = "{getpass.getuser()}"\nrole = "report-runner"\nvalid_until = 2027-03-31\n')
    refused = daicho(office, *RETURN, "--correct", "x")
    assert refused.code == 3 and "officer" in refused.sentence
