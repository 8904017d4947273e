"""`daicho intake` on whatever may lie in a delivery; nothing of a row ever comes back, on any channel."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.cli.shell import Outcome, daicho
from tests.conftest import WARD_SMALL
from tests.intake.extract_factory import RESIDENT, VACCINATION, write_extract

from daicho.core.check_digits import is_individual_number
from daicho.core.config import Config

CANARY = "金糸雀太郎7012345678"


def people(count: int, **changes: str) -> list[dict[str, str]]:
    return [{"宛名番号": str(5_100_000_000 + number), **changes} for number in range(1, count + 1)]


def silent(config: Config, outcome: Outcome) -> Outcome:
    """The outcome, once no part of the canary is found in what was said or kept."""
    kept = {path: path.read_bytes() for path in config.state_dir.rglob("*") if path.is_file() and path.parent != config.key_dir}
    for part in (CANARY, "金糸雀", "7012345678"):
        assert part not in outcome.out + outcome.err
        for encoding in ("utf-8", "cp932", "utf-16-le"):
            assert [path for path, content in kept.items() if part.encode(encoding) in content] == []
    return outcome


def test_a_folder_is_taken_in_and_told_by_file_and_rule(workspace: Config) -> None:
    done = daicho(workspace, "intake", WARD_SMALL)
    assert done.code == 0, done.err
    assert "vaccination.csv: vaccination, cp932, first delivery; read 14187, accepted 14138, quarantined 49, replaced 0" in done.out
    assert "  quarantined bad_date: 49" in done.out and done.out.endswith("snapshot 1\n")
    again = daicho(workspace, "intake", WARD_SMALL, "--format", "json").data()
    assert (again["snapshot"], again["accepted"], {file["status"] for file in again["files"]}) == (1, 0, {"unchanged"})


def test_json_stands_alone_on_standard_output(workspace: Config, tmp_path: Path) -> None:
    path = write_extract(tmp_path / "r.csv", RESIDENT, people(3))
    done = daicho(workspace, "intake", path, "--format", "json")
    assert done.data()["accepted"] == 3 and done.err == "取込: r.csv\n"


def test_a_dry_run_writes_nothing_at_all(workspace: Config, tmp_path: Path) -> None:
    path = write_extract(tmp_path / "r.csv", RESIDENT, people(3))
    done = daicho(workspace, "intake", path, "--dry-run")
    assert done.code == 0 and "accepted 3" in done.out and done.out.endswith("dry run: nothing was changed\n")
    assert not workspace.state_dir.exists()


def test_one_content_under_two_names_counts_once(workspace: Config, tmp_path: Path) -> None:
    paths = [write_extract(tmp_path / name, VACCINATION, people(4)) for name in ("a.csv", "b.csv")]
    told = daicho(workspace, "intake", *paths, "--format", "json").data()
    assert [(file["file"], file["status"], file["accepted"]) for file in told["files"]] == [
        ("a.csv", "taken_in", 4),
        ("b.csv", "unchanged", 0),
    ]


def test_the_kind_may_be_named(workspace: Config, tmp_path: Path) -> None:
    path = write_extract(tmp_path / "r.csv", RESIDENT, people(3))
    assert daicho(workspace, "intake", path, "--kind", "resident", "--dry-run").code == 0
    wrong = daicho(workspace, "intake", path, "--kind", "vaccination")
    assert wrong.code == 1 and "r.csv" in wrong.sentence
    unknown = daicho(workspace, "intake", path, "--kind", "people")
    assert unknown.code == 2 and "vaccination" in unknown.sentence


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_every_encoding_and_line_end_is_read_and_said(workspace: Config, tmp_path: Path, encoding: str, end: str) -> None:
    path = write_extract(tmp_path / "r.csv", RESIDENT, people(3), encoding=encoding, end=end)
    (file,) = daicho(workspace, "intake", path, "--dry-run", "--format", "json").data()["files"]
    assert (file["encoding"], file["read"], file["accepted"]) == (encoding, 3, 3)


def test_quoted_commas_quotes_and_line_ends_are_part_of_a_cell(workspace: Config, tmp_path: Path) -> None:
    odd = {**RESIDENT, "氏名": '"髙橋,\r\n太郎"', "住所": '"東京都港区赤坂二丁目11番29号, ""A""棟"'}
    lines = [",".join(f'"{name}"' for name in RESIDENT), ",".join(odd.values()), ",".join({**RESIDENT, "宛名番号": "5100000002"}.values())]
    (tmp_path / "r.csv").write_bytes("\r\n".join([*lines, ""]).encode("cp932"))
    (file,) = daicho(workspace, "intake", tmp_path / "r.csv", "--dry-run", "--format", "json").data()["files"]
    assert (file["read"], file["accepted"], file["warnings"]) == (2, 2, {})


DATES = [
    "20210501",
    "2021-05-01",
    "2021/5/1",
    "R3.5.1",
    "令和3年5月1日",
    "5030501",
    "２０２１０５０１",
    "令和３年５月１日",
    "2021/05/01",
    "R03.05.01",
]


def test_every_form_of_a_date_is_one_day(workspace: Config, tmp_path: Path) -> None:
    rows = [{"宛名番号": "5100000001", "接種日": form} for form in DATES]
    daicho(workspace, "intake", write_extract(tmp_path / "v.csv", VACCINATION, rows))
    from daicho.vault import open_snapshot

    connection = open_snapshot(workspace, snapshot=None, reference={}, macros=())
    assert connection.execute("SELECT count(*), min(given_on)::VARCHAR FROM event").fetchall() == [(1, "2021-05-01")]
    connection.close()


@pytest.mark.parametrize("form", ["00000000", "99999999", "20210230", "R0.1.1", "H32.1.1", "5000101", "昨日", "2021-13-01"])
def test_an_impossible_date_breaks_its_row_and_is_not_shown(workspace: Config, tmp_path: Path, form: str) -> None:
    refused = daicho(workspace, "intake", write_extract(tmp_path / "v.csv", VACCINATION, [{"接種日": form}]), "--dry-run")
    assert refused.code == 1 and "bad_date 1" in refused.sentence and form not in refused.out + refused.err


def valid_individual_numbers(count: int) -> Iterable[str]:
    numbers = (str(number) for number in range(123_456_789_000, 123_456_799_000))
    return [number for number in numbers if is_individual_number(number)][:count]


@pytest.mark.parametrize("header", ["個人番号", "マイナンバー", "世帯主個人番号", "個 人 番 号", "ﾏｲﾅﾝﾊﾞｰ"])
def test_a_column_of_individual_numbers_by_name_refuses_the_delivery(workspace: Config, tmp_path: Path, header: str) -> None:
    good = write_extract(tmp_path / "v.csv", VACCINATION, people(3))
    bad = write_extract(tmp_path / "r.csv", {**RESIDENT, header: CANARY}, people(3), encoding="utf-8")
    refused = silent(workspace, daicho(workspace, "intake", good, bad))
    assert refused.code == 1 and header in refused.sentence and "r.csv" in refused.sentence
    assert not (workspace.vault_dir / "catalog.json").exists()


@pytest.mark.parametrize("column", ["宛名番号", "氏名", "世帯主情報"])
def test_a_column_of_individual_numbers_by_content_refuses_the_delivery(workspace: Config, tmp_path: Path, column: str) -> None:
    numbers = list(valid_individual_numbers(60))
    rows = [{**person, column: number} for person, number in zip(people(60), numbers, strict=True)]
    refused = daicho(workspace, "intake", write_extract(tmp_path / "r.csv", RESIDENT, rows))
    assert refused.code == 1 and column in refused.sentence and not set(numbers) & set(refused.sentence.split())
    assert not (workspace.vault_dir / "catalog.json").exists()


def test_a_wrong_header_is_named(workspace: Config, tmp_path: Path) -> None:
    refused = daicho(workspace, "intake", write_extract(tmp_path / "r.csv", {**RESIDENT, "電話番号": CANARY}, people(1)))
    assert refused.code == 1 and "電話番号" in silent(workspace, refused).sentence


@pytest.mark.parametrize("repeat", [False, True])
def test_a_file_without_a_header_shows_none_of_its_first_row(workspace: Config, tmp_path: Path, repeat: bool) -> None:
    row = {**dict.fromkeys(RESIDENT, ""), "氏名": CANARY, "住所": CANARY} if repeat else {"a": CANARY, "b": "1"}
    (tmp_path / "r.csv").write_bytes((",".join(row.values()) + "\n").encode("cp932"))
    refused = silent(workspace, daicho(workspace, "intake", tmp_path / "r.csv"))
    assert refused.code == 1 and "r.csv" in refused.sentence and "header" in refused.sentence


def test_lines_that_end_in_a_carriage_return_alone_are_refused(workspace: Config, tmp_path: Path) -> None:
    refused = daicho(workspace, "intake", write_extract(tmp_path / "r.csv", RESIDENT, people(3, 氏名=CANARY), end="\r"))
    assert refused.code == 1 and "CRLF or LF" in silent(workspace, refused).sentence


def test_a_header_alone_and_an_empty_file_are_refused(workspace: Config, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    for path in (write_extract(tmp_path / "header.csv", RESIDENT, []), tmp_path / "empty.csv"):
        refused = daicho(workspace, "intake", path)
        assert refused.code == 1 and path.name in refused.sentence


def test_an_unclosed_quotation_mark_is_told_by_file_and_not_shown(workspace: Config, tmp_path: Path) -> None:
    rows = [*people(30), {"宛名番号": "5100009999", "氏名": '"' + CANARY}]
    refused = silent(workspace, daicho(workspace, "intake", write_extract(tmp_path / "r.csv", RESIDENT, rows)))
    assert refused.code == 1 and "r.csv" in refused.sentence and "quotation mark" in refused.sentence


def test_no_value_of_a_bad_row_is_said_logged_or_kept(workspace: Config, tmp_path: Path) -> None:
    rows = people(2000)
    for line, column in enumerate(("接種日", "予防接種種別コード", "接種回数", "区名コード", "予診フラグ", "支払月"), start=3):
        rows[line][column] = CANARY
    named = {"氏名": CANARY, "カナ氏名": CANARY, "住所": f"東京都港区{CANARY}", "世帯主情報": CANARY}
    doses = write_extract(tmp_path / "v.csv", VACCINATION, rows)
    register = write_extract(tmp_path / "r.csv", RESIDENT, [*people(3, **named), {**named, "宛名番号": "7012345678"}])
    done = silent(workspace, daicho(workspace, "intake", doses, register))
    assert done.code == 0, done.err
    listed = (workspace.quarantine_dir / "batch-000001.csv").read_text(encoding="utf-8").splitlines()
    assert listed[:3] == ["file,line,rule", "v.csv,5,bad_date", "v.csv,6,unknown_vaccine_code"]


def test_above_the_limit_the_lines_are_listed_and_nothing_goes_in(workspace: Config, tmp_path: Path) -> None:
    rows = people(20)
    rows[4]["接種日"] = CANARY
    refused = silent(workspace, daicho(workspace, "intake", write_extract(tmp_path / "v.csv", VACCINATION, rows)))
    assert refused.code == 1 and "1 of 20 rows" in refused.sentence and "bad_date 1" in refused.sentence
    (listed,) = workspace.quarantine_dir.iterdir()
    assert listed.name in refused.sentence and listed.read_text(encoding="utf-8") == "file,line,rule\nv.csv,6,bad_date\n"


@pytest.mark.parametrize("paths", [["absent.csv"], ["absent"], ["."]])
def test_a_path_without_an_extract_is_a_mistake_of_use(
    workspace: Config, tmp_path: Path, paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    refused = daicho(workspace, "intake", *paths)
    assert refused.code == 2 and paths[0] in refused.sentence
