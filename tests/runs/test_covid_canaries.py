"""Passport items, numbers of vouchers and certificates, venues and doctors never pass intake: canaries in every such column, sought everywhere."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from tests.cli.shell import daicho
from tests.conftest import TODAY, make_workspace
from tests.intake.extract_factory import RESIDENT, write_extract

from daicho.contracts.classes import Classification
from daicho.contracts.loader import load_contracts
from daicho.core.config import Config
from daicho.intake.load import take_in
from daicho.runs.jobs import plan_job
from daicho.runs.run import run_reports
from daicho.seal.apply import seal_available
from daicho.vault.catalog import VaultPaths, open_catalog
from daicho.vault.engine import attach, engine

CANARIES = {
    "接種券番号": "9876500017", "旅券国籍": "CANARYLAND", "旅券番号": "TR4471093", "旅券氏名": "KANARIA HANAKO", "旅券別名併記": "KANARIYA",
    "証明書ID": "VC77CANARY", "券番号(1回目)": "9876500029", "接種会場名(1回目)": "金糸雀会館", "接種医師名(1回目)": "金糸雀　花子",
    "券番号(2回目)": "9876500031", "接種会場名(2回目)": "かなりあ医院", "接種医師名(2回目)": "加名利　太郎",
}  # fmt: skip
COVID = {
    "宛名番号": "", "自治体コード": "131032", "接種券番号": "", "接種状況": "接種済", "接種回": "1", "接種日": "20210701", "ワクチンメーカー": "ファイザー",
    "ロット番号": "FA0001", "ワクチン種類": "mRNA", "製品名": "コミナティ筋注", "旅券国籍": "", "旅券番号": "", "旅券氏名": "", "旅券別名併記": "",
    "証明書ID": "", "証明書発行年月日": "20220105", "証明書交付方法": "窓口",
}  # fmt: skip
VRS = {"個別宛名番号": ""} | {
    f"{item}({k}回目)": value
    for k in (1, 2)
    for item, value in {
        "接種履歴登録日時": "20210701100000", "接種日": "20210701", "券番号": "", "接種自治体コード": "131032", "接種会場名": "", "接種医師名": "",
        "ワクチンメーカー": "武田/モデルナ", "ロット番号": "MA0001",
    }.items()
}  # fmt: skip
PEOPLE = [str(5_100_000_000 + number) for number in range(1, 31)]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Every row carries every canary; one row of each file goes to quarantine, and two persons of VRS are linked to nobody."""
    config = make_workspace(tmp_path_factory.mktemp("canaries") / "office", settings={"quarantine_limit": "0.2"})
    folder = tmp_path_factory.mktemp("extracts")
    flawed = {"接種日": "20219999"}
    write_extract(folder / "resident.csv", RESIDENT, [{"宛名番号": number} for number in PEOPLE])
    records = [{"宛名番号": number} for number in PEOPLE]
    write_extract(folder / "covid.csv", COVID | _of(COVID), [*records, {"宛名番号": PEOPLE[0], "接種回": "2", **flawed}])
    rows = [{"個別宛名番号": number} for number in ["", "", *PEOPLE[2:]]]
    write_extract(folder / "vrs.csv", VRS | _of(VRS), [*rows, {"個別宛名番号": PEOPLE[0], "接種日(1回目)": "20219999"}])
    taken = take_in([folder], config=config, today=TODAY)
    assert {file.kind: bool(file.rows_quarantined) for file in taken.files} == {"resident": False, "covid_record": True, "vrs_wide": True}
    return config


def _of(row: dict[str, str]) -> dict[str, str]:
    return {name: canary for name, canary in CANARIES.items() if name in row}


def test_every_direct_identifier_of_both_kinds_has_a_canary(office: Config) -> None:
    contracts = load_contracts(office.contracts_dir)
    for kind, names in (("covid_record", tuple(COVID)), ("vrs_wide", tuple(VRS))):
        direct = [column for column in contracts[kind].columns if column.classification is Classification.DIRECT]
        assert direct and not any(column.is_kept for column in direct)
        for column in direct:
            assert [name for name in names if name.startswith(column.header) and name in CANARIES], column.name


def _tables(office: Config) -> Iterator[tuple[str, str]]:
    """Place and text of every column of every table in segments, marts and what was derived from them, decrypted."""
    paths = VaultPaths(office.vault_dir)
    keys, _ = open_catalog(paths, office.key_dir)
    for path in sorted([*paths.segments.glob("*.duckdb"), *paths.marts.glob("*.duckdb")]):
        with engine(temp_dir=paths.temp) as connection:
            attach(connection, path, name="file", key=keys.vault, read_only=True)
            columns = "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'file' AND schema_name = 'main'"
            for table, column in connection.execute(columns).fetchall():
                listed = connection.execute(f"""SELECT string_agg(DISTINCT CAST("{column}" AS VARCHAR), ' ') FROM file."{table}\"""")
                yield f"{path.name}/{table}.{column}", str(listed.fetchall()[0][0])


def test_no_table_of_the_vault_holds_one(office: Config) -> None:
    seen = dict(_tables(office))
    assert {"covid.maker", "certificate.channel", "covid.lot"} <= {place.partition("/")[2] for place in seen}
    assert any("MA0001" in text for text in seen.values())  # what is kept is found: the search reads the cells
    for place, text in seen.items():
        assert not [name for name, canary in CANARIES.items() if canary in text or canary.replace("　", "") in text], place


def _contents(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            yield from map(book.read, book.namelist())
    if path.suffix == ".pdf":
        document = pypdfium2.PdfDocument(content)
        yield "\n".join(page.get_textpage().get_text_bounded() for page in document).encode()
        document.close()


def _found_in(folder: Path) -> set[tuple[str, str]]:
    found = set()
    for path in (path for path in folder.rglob("*") if path.is_file() and "data_contracts" not in path.parts):
        for content in _contents(path):
            for name, canary in CANARIES.items():
                spellings = {text.encode(code) for text in (canary, canary.replace("　", "")) for code in ("utf-8", "cp932", "utf-16-le")}
                if any(spelling in content for spelling in spellings):
                    found.add((path.name, name))
    return found


def test_no_file_of_the_workspace_holds_one_after_worklists_and_questions(office: Config) -> None:
    for name in ("covid_sources", "shared_copy"):
        made = daicho(office, "worklist", name, "--purpose", "照合")
        assert made.code == 0, made.err
    asked = daicho(office, "query", "covid_doses", "--by", "maker,product", "--purpose", "照合", "--format", "csv")
    assert asked.code == 0 and not any(canary in asked.out for canary in CANARIES.values())
    assert list(office.worklists_dir.glob("covid_sources-*.csv"))
    assert _found_in(office.root) == set()


@pytest.mark.skipif(not seal_available(), reason="this kernel has no Landlock, so no notebook can be sealed")
def test_no_file_of_the_report_holds_one(office: Config) -> None:
    job = plan_job(office, "covid", parameters={"as_of": "2026-03-31"}, today=TODAY)
    finished = run_reports([job], name="test", config=office, today=TODAY, purpose="照合")
    assert (finished.folder / "covid.pdf").is_file() and list((finished.folder / "data").glob("*.csv"))
    assert _found_in(finished.folder) == set() and _found_in(office.state_dir) == set()
