"""The real notebooks, sealed, from a vault to files."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import polars as pl
import pypdfium2
import pytest
from tests.conftest import TODAY

from daicho.core.config import Config
from daicho.core.errors import DaichoError, UsageError
from daicho.runs.jobs import plan_job
from daicho.runs.notebooks import load_report
from daicho.runs.run import RunResult, run_reports
from daicho.seal.apply import seal_available

pytestmark = pytest.mark.skipif(not seal_available(), reason="this kernel has no Landlock, so no notebook can be sealed")
PARAMETERS = {"fiscal_year": 2025, "as_of": "2026-03-31"}

MADE = ("coverage", "reminders", "annual_counts", "reconciliation", "consignment_payments", "covid")


def run(config: Config, *names: str, folder: Path | None = None) -> RunResult:
    jobs = []
    for name in names:
        takes = load_report(config, name).parameters
        given = {key: value for key, value in PARAMETERS.items() if key in takes}
        jobs.append(plan_job(config, name, parameters=given, today=TODAY))
    return run_reports(jobs, name="test", config=config, today=TODAY, purpose="テスト", folder=folder)


@pytest.fixture(scope="module")
def finished(ward: Config) -> RunResult:
    """Reports of every make in one run; the demo makes them all, and the others have end-to-end tests of their own."""
    return run(ward, *MADE)


def test_every_report_is_there_in_every_format(finished: RunResult) -> None:
    for name in finished.reports:
        assert (finished.folder / f"{name}.html").stat().st_size > 10_000
        assert (finished.folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert (finished.folder / "data" / f"{name}.xlsx").read_bytes().startswith(b"PK")
    assert list((finished.folder / "data").glob("*.csv"))
    index = (finished.folder / "index.html").read_text(encoding="utf-8")
    assert all(f"{name}.html" in index for name in finished.reports)


def test_the_manifest_accounts_for_every_file_and_every_release(finished: RunResult) -> None:
    manifest = json.loads((finished.folder / "manifest.json").read_text(encoding="utf-8"))
    files = {path.relative_to(finished.folder).as_posix() for path in finished.folder.rglob("*") if path.is_file()} - {"manifest.json"}
    assert set(manifest["outputs"]) == files
    for name, digest in manifest["outputs"].items():
        assert hashlib.sha256((finished.folder / name).read_bytes()).hexdigest() == digest
    used = {release for report in manifest["reports"] for release in report["release_ids"]}
    assert used == {release["release_id"] for release in manifest["releases"]} and used
    assert all(report["sealed"] and all(report["seal_test"].values()) for report in manifest["reports"])
    assert {batch["kind"] for batch in manifest["inputs"][0]["batches"]} == {"resident", "vaccination", "number_change"}


def test_the_figures_in_the_files_are_those_of_the_ledger(finished: RunResult) -> None:
    data = finished.folder / "data"
    rows, reasons, held = (pl.read_csv(data / f"{name}.csv") for name in ("form_rows", "form_exceptions", "ledger_doses_by"))
    assert rows["doses_count"].sum() + reasons["doses_count"].sum() == held["doses_count"].item()
    by_disease = pl.read_csv(data / "by_disease.csv")
    assert dict(by_disease.select("disease", "doses_count").iter_rows()) == {
        "tuberculosis": 153, "dpt_polio_hib": 149 + 138 + 137, "measles_rubella": 157 + 182,
    }  # fmt: skip
    pages = pypdfium2.PdfDocument(finished.folder / "annual_counts.pdf")
    text = "\n".join(page.get_textpage().get_text_bounded() for page in pages)
    pages.close()
    assert f"{held['doses_count'].item():,}" in text and "五種混合" in text and "東京都知事" in text


def test_the_same_snapshot_and_parameters_give_the_same_csv(ward: Config, finished: RunResult) -> None:
    again = run(ward, "annual_counts")
    for path in (again.folder / "data").glob("*.csv"):
        assert path.read_bytes() == (finished.folder / "data" / path.name).read_bytes()


def test_nothing_of_a_run_stays_in_the_state_folder(ward: Config, finished: RunResult) -> None:
    assert not list(ward.work_dir.iterdir())
    assert not [path for path in finished.folder.parent.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"fiscal_yaer": "2025"}, "has no parameter fiscal_yaer"),
        ({"fiscal_year": "令和7"}, "must be a whole number"),
        ({"fiscal_year": True}, "must be a whole number"),
        ({"as_of": "2026-02-30"}, "must be a date"),
    ],
)
def test_unknown_and_ill_typed_parameters_are_refused_before_anything_runs(
    ward: Config, parameters: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        plan_job(ward, "coverage", parameters=parameters, today=TODAY)


def with_notebook(config: Config, name: str, source: str) -> None:
    notebook = nbformat.read(config.notebooks_dir / "annual_counts.ipynb", as_version=4)
    first = next(number for number, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
    notebook.cells = [notebook.cells[first], nbformat.v4.new_code_cell(source)]
    nbformat.write(notebook, config.notebooks_dir / f"{name}.ipynb")


@pytest.fixture
def office(ward: Config, make_office: Callable[..., Config]) -> Config:
    """A workspace of its own over a copy of the small ward's state."""
    config = make_office("own")
    shutil.copytree(ward.state_dir, config.state_dir)
    return config


def test_a_failing_notebook_publishes_nothing_and_says_nothing_of_its_content(office: Config, capfd: pytest.CaptureFixture[str]) -> None:
    canary = "金糸雀7012345678"
    with_notebook(office, "failing", f"seen = '{canary}'\nprint(seen)\nraise ValueError(seen)")
    with pytest.raises(DaichoError) as failed:
        run(office, "failing")
    assert "ValueError" in str(failed.value) and canary not in str(failed.value)
    assert failed.value.__cause__ is None
    (folder,) = (office.reports_dir / "test").iterdir()
    assert [path.name for path in folder.iterdir()] == ["FAILED.json"]
    said = json.loads((folder / "FAILED.json").read_text(encoding="utf-8"))
    assert (said["step"], said["error"], said["cell"]) == ("failing", "ValueError", 2)
    printed = capfd.readouterr()
    assert canary not in printed.out + printed.err
    for root in (office.state_dir, office.reports_dir):
        assert not [path for path in root.rglob("*") if path.is_file() and canary.encode() in path.read_bytes()]


def test_a_refused_measure_is_named_in_one_sentence_and_nothing_of_the_notebook_text(office: Config) -> None:
    canary = "金糸雀7012345678"
    with_notebook(office, "refused", f"from daicho.core.errors import DisclosureError\nraise DisclosureError('residents: {canary}')")
    with pytest.raises(DaichoError, match="cannot be made under the profile statutory: its measure residents is refused") as failed:
        run(office, "refused")
    assert failed.value.exit_code == 3 and canary not in str(failed.value)
    (folder,) = (office.reports_dir / "test").iterdir()
    said = json.loads((folder / "FAILED.json").read_text(encoding="utf-8"))
    assert (said["error"], said["exit_code"], said["measure"]) == ("DisclosureError", 3, "residents")


def test_a_refusal_that_names_no_measure_of_the_catalogue_passes_on_no_text(office: Config) -> None:
    with_notebook(office, "refused", "from daicho.core.errors import DisclosureError\nraise DisclosureError('canary: seven')")
    with pytest.raises(DaichoError, match="stopped at cell 2 with an error of class DisclosureError") as failed:
        run(office, "refused")
    assert failed.value.exit_code == 3 and "canary" not in str(failed.value)


def test_an_identifier_of_the_ledger_stops_publication(office: Config) -> None:
    number = "5100000000"  # a person of the sample
    with_notebook(office, "leaking", f"from IPython.display import Markdown\nMarkdown('番号 {number}')")
    with pytest.raises(DaichoError, match="addressee_number") as refused:
        run(office, "leaking")
    assert refused.value.exit_code == 3 and number not in str(refused.value)
    (folder,) = (office.reports_dir / "test").iterdir()
    assert [path.name for path in folder.iterdir()] == ["FAILED.json"]


def test_a_notebook_reaches_neither_vault_nor_keys_nor_network(office: Config) -> None:
    protected = [office.vault_dir / "catalog.json", office.key_dir / "vault.key", office.log_dir / "access.jsonl"]
    source = f"""
import socket
for path in {[str(path) for path in protected]}:
    try:
        open(path).read()
    except PermissionError:
        continue
    raise SystemError
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except PermissionError:
    pass
else:
    raise SystemError
import daicho
daicho.open(purpose="x").measure("annual_counts", by="vaccine", fiscal_year=2025).table(name="t")
"""
    with_notebook(office, "prying", source)
    assert (run(office, "prying").folder / "prying.html").exists()


def test_a_folder_that_holds_something_is_not_overwritten(ward: Config, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="not empty"):
        run(ward, "annual_counts", folder=tmp_path / "full")
    assert (tmp_path / "full" / "mine.txt").read_text(encoding="utf-8") == "mine"
