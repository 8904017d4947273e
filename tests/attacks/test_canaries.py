"""Canary identifiers in every identifying item of every extract: none is in any byte that leaves, stays outside the vault or is said."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
import pypdfium2
import pytest
from tests.cli.shell import Outcome, daicho
from tests.conftest import make_workspace

from daicho.core.config import Config, load_config
from daicho.gate.process import running_gate
from daicho.gate.roles import user_name
from daicho.seal import seal_available

needs_landlock = pytest.mark.skipif(not seal_available(), reason="this machine has no Landlock of ABI 4 or newer")

# Item -> what stands there instead, in every row. The first characters of a header decide: VRS numbers its columns.
PLANTED = {
    "氏名": "金糸雀　太郎",
    "カナ氏名": "カナリア　タロウ",
    "漢字氏名": "金糸雀太郎",
    "世帯主情報": "金糸雀　一郎",
    "券番号": "7012345678",
    "接種券番号": "7012345678",
    "接種会場名": "金糸雀会館",
    "接種医師名": "金糸雀　医師",
    "証明書ID": "CANARY0077",
    "旅券番号": "CANARY0088",
    "ロット番号": "CANARYLOT",
    "ワクチンロット番号": "CANARYLOT",
}
ADDRESS = "金糸雀荘７７７号　電話０３－９０００－１２３４"
NUMBERS = ("宛名番号", "個別宛名番号", "新宛名番号", "旧宛名番号")
CANARIES = ("金糸雀", "カナリア", "CANARY", "7012345678", "70707", "9000-1234", "９０００", "777号", "７７７")


def numbered(value: str) -> str:
    """The same 宛名番号 everywhere, recognisable: 70707 and its last five digits."""
    return f"70707{value[-5:]}" if value.isdigit() and len(value) == 10 else value


def planted(header: str, value: str) -> str:
    name = header.partition("(")[0].partition("（")[0]
    if name in NUMBERS:
        return numbered(value)
    if name == "住所" and value:
        return value + ADDRESS
    return PLANTED[name] if value and name in PLANTED else value


def plant(source: Path, target: Path) -> None:
    with source.open(encoding="cp932", newline="") as file:
        header, *rows = list(csv.reader(file))
    changed = [[planted(name, value) for name, value in zip(header, row, strict=False)] for row in rows]
    if source.name == "vaccination.csv":
        for row, column in ((3, "接種日"), (5, "接種回数"), (7, "医療機関コード")):
            changed[row][header.index(column)] = "金糸雀7012345678"
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\r\n").writerows([header, *changed])
    target.write_bytes(lines.getvalue().encode("cp932"))


def forms(text: str) -> Iterator[bytes]:
    """A canary as it may stand in a file."""
    for encoding in ("utf-8", "cp932", "utf-16-le", "utf-16-be"):
        yield text.encode(encoding)
    if not text.isascii():
        yield json.dumps(text).strip('"').encode()
        yield "".join(f"&#{ord(character)};" for character in text).encode()
        yield "".join(f"%{byte:02X}" for byte in text.encode()).encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + text.encode())
        piece = coded[4 if shift else 0 : -4]
        if len(piece) >= 8:  # shorter ones stand in any font by chance
            yield piece


FORMS = {form: canary for canary in CANARIES for form in forms(canary)}


def contents(path: Path) -> Iterator[bytes]:
    """A file as it lies there, its name, and what is packed in it."""
    raw = path.read_bytes()
    yield path.name.encode()
    yield raw
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            yield from (book.read(name) for name in book.namelist())
    if path.suffix == ".pdf":
        document = pypdfium2.PdfDocument(raw)
        yield from (page.get_textpage().get_text_bounded().encode() for page in document)
        yield json.dumps(document.get_metadata_dict(), ensure_ascii=False).encode()
        document.close()


def found_in(blobs: Iterable[bytes]) -> set[str]:
    return {canary for blob in blobs for form, canary in FORMS.items() if form in blob}


def found_below(*folders: Path, but: Path | None = None) -> dict[str, set[str]]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.parent != but]
    return {str(path): found for path in files if (found := found_in(contents(path)))}


def silent(outcome: Outcome) -> Outcome:
    assert found_in([outcome.out.encode(), outcome.err.encode()]) == set()
    return outcome


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plain, folder = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("delivery")
    assert daicho(None, "synth", plain, "--persons", 150, "--seed", 3, "--faults", 0.002).code == 0
    for path in plain.glob("*.csv"):
        if path.name != "faults.csv" and path.read_bytes().count(b"\n") > 1:
            plant(path, folder / path.name)
    return folder


@pytest.fixture(scope="module")
def taken(delivery: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Outcome]:
    config = make_workspace(tmp_path_factory.mktemp("office") / "office", settings={"quarantine_limit": "0.1"})
    return config, daicho(config, "intake", delivery, "--debug")


@pytest.fixture(scope="module")
def office(taken: tuple[Config, Outcome]) -> Iterator[Config]:
    """The workspace with one gate for all that is asked."""
    with running_gate(taken[0]):
        yield taken[0]


def found_outside_the_vault(config: Config, *folders: Path) -> dict[str, set[str]]:
    kept = [path for path in config.state_dir.iterdir() if path.is_dir() and path not in (config.key_dir, config.vault_dir)]
    return found_below(*kept, *folders)


def test_the_search_itself_finds_a_canary_in_every_form(tmp_path: Path) -> None:
    for number, form in enumerate(FORMS):
        (tmp_path / f"{number}.bin").write_bytes(b"\0before" + form + b"after")
    assert len(found_below(tmp_path)) == len(FORMS) > 40


def test_the_delivery_holds_canaries_in_every_identifying_item(delivery: Path) -> None:
    held = {name: found_in(contents(delivery / name)) for name in ("resident.csv", "vrs_wide.csv", "covid_record.csv", "vaccination.csv")}
    assert {"金糸雀", "カナリア", "70707"} <= held["resident.csv"] and {"金糸雀", "7012345678", "CANARY"} <= held["vrs_wide.csv"]
    assert {"7012345678", "CANARY"} <= held["covid_record.csv"] and {"70707", "CANARY", "金糸雀"} <= held["vaccination.csv"]


def test_intake_takes_it_in_and_says_nothing_of_it_even_when_debugging(taken: tuple[Config, Outcome]) -> None:
    config, outcome = taken
    assert silent(outcome).code == 0, outcome.err
    assert "quarantined bad_date" in outcome.out
    assert list(config.quarantine_dir.glob("*.csv"))


def test_vault_quarantine_and_everything_else_that_is_kept_hold_no_canary(taken: tuple[Config, Outcome]) -> None:
    config, _ = taken
    assert found_below(config.state_dir, but=config.key_dir) == {}


def test_no_query_in_any_format_tells_a_canary(office: Config, tmp_path: Path) -> None:
    asked = (
        ("residents", "--by", "district,sex"),
        ("annual_counts", "--by", "vaccine,dose", "--fiscal-year", "2025"),
        ("consignment_payments", "--by", "institution", "--fiscal-year", "2025"),
        ("intake_quality", "--by", "kind,outcome"),
    )
    for number, words in enumerate(asked):
        for style in ("table", "csv", "json", "parquet"):
            done = daicho(office, "query", *words, "--format", style, "-o", tmp_path / f"{number}.{style}")
            assert silent(done).code == 0, done.err
    assert found_outside_the_vault(office, tmp_path) == {}


def test_no_worklist_holds_a_canary(office: Config) -> None:
    for words in (
        ("reminders", "--where", "vaccine=MR", "--where", "dose=2期"),
        ("holds", "--month", "202510"),
        ("covid_sources",),
        ("shared_copy",),
    ):
        assert silent(daicho(office, "worklist", *words)).code == 0
    assert len(list(office.worklists_dir.glob("*.csv"))) == 4 and found_outside_the_vault(office) == {}


def test_no_refused_file_and_no_error_says_a_canary_even_when_debugging(office: Config, delivery: Path, tmp_path: Path) -> None:
    text = (delivery / "resident.csv").read_text(encoding="cp932")
    first = text.splitlines()[1]
    broken = {
        "no_header": text.partition("\r\n")[2],
        "row_for_header": f"{first}\r\n{text}",
        "column": text.replace("カナ氏名", "連絡先", 1),
        "quote": text + '"金糸雀,7012345678\r\n',
        "ragged": text + "金糸雀,7012345678\r\n",
        "many": text.replace(",19", ",金糸雀"),
    }
    for name, content in broken.items():
        (tmp_path / f"{name}.csv").write_bytes(content.encode("cp932", "replace"))
        refused = daicho(office, "intake", tmp_path / f"{name}.csv", "--debug")
        assert silent(refused).code in (1, 2) or "quarantined" in refused.out, name
    assert found_outside_the_vault(office) == {}


def assert_nothing_hidden(folder: Path) -> None:
    """No machinery in what is published: papermill's and nbconvert's metadata, the user's name, the machine's paths, hidden sheets, comments."""
    words = (
        b"papermill",
        b"injected-parameters",
        b"kernelspec",
        user_name(os.getuid()).encode() + b"</",
        b"/site-packages/",
        str(folder).encode(),
    )
    for path in folder.rglob("*"):
        if path.is_file():
            raw = b"\0".join(contents(path))
            assert [word for word in words if word in raw] == [], path.name
    with zipfile.ZipFile(next(folder.rglob("*.xlsx"))) as book:
        assert b'state="' not in book.read("xl/workbook.xml") and not [name for name in book.namelist() if "comment" in name]
        assert user_name(os.getuid()).encode() not in book.read("docProps/core.xml")
    assert b"<!--" not in next(folder.rglob("data_quality.html")).read_bytes()


@needs_landlock
def test_no_report_in_any_format_holds_a_canary(office: Config, tmp_path: Path) -> None:
    done = daicho(office, "report", "data_quality", "--out", tmp_path)
    assert silent(done).code == 0, done.err
    assert {".html", ".pdf", ".xlsx", ".csv", ".json"} <= {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert found_outside_the_vault(office, tmp_path) == {}
    assert_nothing_hidden(tmp_path)
    # The footer prints what the kernel's self-test found, check by check.
    (manifest,) = tmp_path.rglob("manifest.json")
    (report,) = json.loads(manifest.read_text(encoding="utf-8"))["reports"]
    (page,) = tmp_path.rglob("data_quality.html")
    text = page.read_text(encoding="utf-8")
    assert report["sealed"] and len(report["seal_test"]) >= 16
    assert [label for label, passed in report["seal_test"].items() if not passed or label not in text] == []


@needs_landlock
def test_a_failing_notebook_that_holds_a_canary_leaves_none(office: Config, tmp_path: Path) -> None:
    notebook = nbformat.read(office.notebooks_dir / "data_quality.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    first = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    source = (
        "import sys\nseen = '金糸' + '雀'\nprint(seen)\nprint(seen, file=sys.stderr)\n"
        "open('kept', 'w').write(seen)\nopen('tmp/kept', 'w').write(seen)\nraise KeyError(seen)"
    )
    notebook.cells = [first, nbformat.v4.new_code_cell(source)]
    nbformat.write(notebook, office.notebooks_dir / "failing.ipynb")
    failed = daicho(office, "report", "failing", "--out", tmp_path, "--debug")
    assert silent(failed).code == 1 and "KeyError" in failed.err
    (kept,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept.name == "FAILED.json" and found_outside_the_vault(office, tmp_path) == {}


def test_a_damaged_vault_says_no_canary(taken: tuple[Config, Outcome], tmp_path: Path) -> None:
    shutil.copytree(taken[0].root, tmp_path / "office", ignore=shutil.ignore_patterns("marts", "segments", "log"))
    config = load_config(tmp_path / "office")
    (config.vault_dir / "catalog.json").write_text('{"catalog": "金糸雀"}', encoding="utf-8")
    assert silent(daicho(config, "query", "residents", "--debug")).code == 5
