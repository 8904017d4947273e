"""The rules of extracts.md, end to end through the vault."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from tests.conftest import TODAY
from tests.intake.extract_factory import NUMBER_CHANGE, RESIDENT, VACCINATION, write_extract

from daicho.core.config import Config
from daicho.core.errors import DataError, UsageError, VaultError
from daicho.intake.load import take_in
from daicho.intake.report import IntakeReport
from daicho.vault import open_snapshot


def load(config: Config, *paths: Path, **options: object) -> IntakeReport:
    return take_in(paths, config=config, today=TODAY, **options)  # type: ignore[arg-type]


def rows(config: Config, sql: str, *, snapshot: int | None = None) -> list[tuple[object, ...]]:
    connection = open_snapshot(config, snapshot=snapshot, reference={}, macros=())
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def people(count: int, **changes: str) -> list[dict[str, str]]:
    return [{"宛名番号": str(5_100_000_000 + number), **changes} for number in range(1, count + 1)]


def test_the_same_file_again_changes_nothing(workspace: Config, tmp_path: Path) -> None:
    path = write_extract(tmp_path / "resident.csv", RESIDENT, people(3))
    first = load(workspace, path)
    again = load(workspace, path)
    assert (first.snapshot, again.snapshot) == (1, 1)
    assert [file.status for file in again.files] == ["unchanged"]


def test_a_new_dump_replaces_and_the_old_snapshot_stays(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "resident.csv", RESIDENT, people(20)))
    load(workspace, write_extract(tmp_path / "v1.csv", VACCINATION, people(20)))
    corrected = [*people(9), *people(20, 接種日="20210601")[9:]]
    report = load(workspace, write_extract(tmp_path / "v2.csv", VACCINATION, [*people(9), *corrected[9:19]]))
    assert report.files[0].delivery == "changes"  # 9 of 20 rows repeat: less than half
    report = load(workspace, write_extract(tmp_path / "v3.csv", VACCINATION, people(19)))
    assert (report.files[0].delivery, report.files[0].rows_replaced) == ("full", 39)
    count = "SELECT count(*) FROM dose"
    assert rows(workspace, count) == [(19,)]
    assert rows(workspace, count, snapshot=2) == [(20,)]


def test_a_monthly_file_adds_to_what_is_held(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "a.csv", VACCINATION, people(4)))
    report = load(workspace, write_extract(tmp_path / "b.csv", VACCINATION, people(2, 接種期="2期", 接種日="20260501")))
    assert report.files[0].delivery == "changes"
    assert rows(workspace, "SELECT dose, count(*) FROM dose GROUP BY 1 ORDER BY 1") == [("MR-1", 4), ("MR-2", 2)]


def test_a_register_change_replaces_that_person_alone(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "all.csv", RESIDENT, people(5)))
    moved = people(1, 消除日="20250401", 消除事由="転出")
    report = load(workspace, write_extract(tmp_path / "changes.csv", RESIDENT, moved))
    assert (report.files[0].delivery, report.files[0].rows_replaced) == ("changes", 1)
    assert rows(workspace, "SELECT count(*), count(resident_until) FROM residence") == [(5, 1)]


def test_exact_duplicates_and_a_second_channel_are_one_dose(workspace: Config, tmp_path: Path) -> None:
    dose = people(1)
    other_channel = people(1, 医療機関所在地フラグ="2", 区名コード="131041", 支払月="202110")
    load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, [*dose, *dose, *other_channel]))
    assert rows(workspace, "SELECT count(*) FROM event") == [(2,)]
    assert rows(workspace, "SELECT location_flag, ward FROM dose") == [("1", "131032")]


def test_changed_numbers_are_one_person_through_chains(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, people(1)))
    history = [{"宛名番号": number, "接種日": day} for number, day in (("9500000001", "20210501"), ("9500000002", "20210502"))]
    load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, [*history, *people(1, 接種日="20210503")]))
    changes = [
        {"旧宛名番号": "9500000001", "新宛名番号": "9500000002", "変更日": "20240101"},
        {"旧宛名番号": "9500000002", "新宛名番号": "5100000001", "変更日": "20250101"},
    ]
    load(workspace, write_extract(tmp_path / "n.csv", NUMBER_CHANGE, changes))
    assert rows(workspace, "SELECT count(DISTINCT person), count(*), bool_and(was_resident) FROM dose") == [(1, 3, True)]


def test_two_numbers_exchanged_on_one_day_stay_two_persons(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, people(2)))
    swap = [
        {"旧宛名番号": "5100000001", "新宛名番号": "5100000002"},
        {"旧宛名番号": "5100000002", "新宛名番号": "5100000001"},
    ]
    load(workspace, write_extract(tmp_path / "n.csv", NUMBER_CHANGE, swap))
    assert rows(workspace, "SELECT count(*) FROM person WHERE is_registered") == [(2,)]


def test_a_number_that_comes_back_is_the_same_person(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, people(2)))
    back = [
        {"旧宛名番号": "5100000001", "新宛名番号": "5100000002", "変更日": "20240101"},
        {"旧宛名番号": "5100000002", "新宛名番号": "5100000001", "変更日": "20250101"},
    ]
    load(workspace, write_extract(tmp_path / "n.csv", NUMBER_CHANGE, back))
    assert rows(workspace, "SELECT count(*) FROM person") == [(1,)]


def test_a_cycle_of_numbers_is_refused_and_nothing_changes(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, people(3)))
    cycle = [{"旧宛名番号": f"510000000{a}", "新宛名番号": f"510000000{b}"} for a, b in ((1, 2), (2, 3), (3, 1))]
    with pytest.raises(DataError, match="cycle"):
        load(workspace, write_extract(tmp_path / "n.csv", NUMBER_CHANGE, cycle))
    assert rows(workspace, "SELECT count(*) FROM person") == [(3,)]
    assert sorted(path.name for path in (workspace.vault_dir / "segments").iterdir()) == ["batch-000001.duckdb"]


def test_a_person_not_in_the_register_is_kept_and_joins_on_arrival(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, people(1)))
    assert rows(workspace, "SELECT is_registered, was_resident FROM dose JOIN person USING (person)") == [(False, False)]
    load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, people(1)))
    assert rows(workspace, "SELECT is_registered, was_resident FROM dose JOIN person USING (person)") == [(True, True)]


def test_the_day_of_removal_is_no_resident_day(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, people(1, 消除日="20250401", 消除事由="転出")))
    doses = [{"接種日": "20250331"}, {"接種日": "20250401", "接種期": "2期"}]
    load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, doses))
    assert rows(workspace, "SELECT dose, was_resident FROM dose ORDER BY 1") == [("MR-1", True), ("MR-2", False)]


@pytest.mark.parametrize("header", ["個人番号", "マイナンバー"])
def test_a_column_named_individual_number_refuses_the_file(workspace: Config, tmp_path: Path, header: str) -> None:
    path = write_extract(tmp_path / "r.csv", {**RESIDENT, header: ""}, people(1))
    with pytest.raises(DataError, match=header):
        load(workspace, path)


def test_a_column_of_individual_numbers_under_another_name_refuses_the_file(workspace: Config, tmp_path: Path) -> None:
    from daicho.core.check_digits import is_individual_number

    valid = [str(number) for number in range(123_456_789_000, 123_456_789_900) if is_individual_number(str(number))]
    changes = [{"宛名番号": str(5_100_000_000 + number), "ワクチンロット番号": text} for number, text in enumerate(valid)]
    with pytest.raises(DataError, match="ワクチンロット番号") as refused:
        load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, changes))
    assert valid[0] not in str(refused.value)


def test_an_unknown_header_is_named(workspace: Config, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="電話番号"):
        load(workspace, write_extract(tmp_path / "r.csv", {**RESIDENT, "電話番号": ""}, people(1)))


def test_bad_rows_are_quarantined_by_line_and_rule_alone(workspace: Config, tmp_path: Path) -> None:
    changes = people(400)
    changes[4] = {**changes[4], "接種日": "20251341"}
    changes[9] = {**changes[9], "宛名番号": ""}
    changes[99] = {**changes[99], "予防接種種別コード": "XX99"}
    report = load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, changes))
    assert report.files[0].rows_quarantined == {"bad_date": 1, "missing_person": 1, "unknown_vaccine_code": 1}
    assert report.files[0].rows_accepted == 397
    written = (workspace.quarantine_dir / "batch-000001.csv").read_text(encoding="utf-8")
    assert written == "file,line,rule\nv.csv,6,bad_date\nv.csv,11,missing_person\nv.csv,101,unknown_vaccine_code\n"


def test_above_the_limit_the_whole_file_is_refused_and_nothing_changes(workspace: Config, tmp_path: Path) -> None:
    changes = [*people(98), {"接種日": "99999999"}, {"接種日": "00000000"}]
    with pytest.raises(DataError, match=r"2 of 100 rows .*bad_date 2") as refused:
        load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, changes))
    assert "99999999" not in str(refused.value)
    assert not (workspace.vault_dir / "catalog.json").exists()
    assert not list((workspace.vault_dir / "temp").glob("*.duckdb*"))


def test_all_files_of_one_command_go_in_or_none(workspace: Config, tmp_path: Path) -> None:
    good = write_extract(tmp_path / "r.csv", RESIDENT, people(3))
    bad = write_extract(tmp_path / "v.csv", VACCINATION, [{"接種日": "x"}])
    with pytest.raises(DataError):
        load(workspace, good, bad)
    assert not (workspace.vault_dir / "catalog.json").exists()


def test_a_dry_run_says_what_would_happen_and_changes_nothing(workspace: Config, tmp_path: Path) -> None:
    report = load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, people(3)), dry_run=True)
    assert (report.is_dry_run, report.snapshot, report.files[0].status, report.files[0].rows_accepted) == (True, None, "checked", 3)
    assert not (workspace.vault_dir / "catalog.json").exists()


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig", "utf-16"])
def test_every_encoding_gives_the_same_ledger(workspace: Config, tmp_path: Path, encoding: str) -> None:
    report = load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, people(3), encoding=encoding, end="\n"))
    assert report.files[0].encoding == encoding
    assert rows(workspace, "SELECT district, count(*) FROM residence GROUP BY 1") == [("akasaka", 3)]


def test_a_partial_birth_date_is_kept_as_partial(workspace: Config, tmp_path: Path) -> None:
    births = [*people(1), {"宛名番号": "5100000002", "生年月日": "19500000"}, {"宛名番号": "5100000003", "生年月日": "195005 00"}]
    load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, births))
    found = rows(workspace, "SELECT birth_precision, birth_date IS NULL FROM person ORDER BY 1")
    assert found == [("day", False), ("month", True), ("year", True)]


def test_a_vendor_code_file_among_the_extracts_is_used(workspace: Config, tmp_path: Path) -> None:
    folder = tmp_path / "delivery"
    write_extract(folder / "v.csv", VACCINATION, [{"予防接種種別コード": "Y0501"}])
    (folder / "vendor_codes.csv").write_text("vendor_code,label\nY0501,MR\n", encoding="utf-8")
    load(workspace, folder)
    assert rows(workspace, "SELECT vaccine FROM dose") == [("MR",)]


def test_a_vault_without_its_key_is_refused(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, people(1)))
    (workspace.key_dir / "vault.key").unlink()
    with pytest.raises(VaultError, match="vault key is missing"):
        load(workspace, write_extract(tmp_path / "r2.csv", RESIDENT, people(2)))


def test_a_missing_path_is_a_mistake_of_use(workspace: Config, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        load(workspace, tmp_path / "nothing.csv")


def test_the_vault_on_disk_holds_no_identifier_in_any_form(workspace: Config, tmp_path: Path) -> None:
    canary = {
        "氏名": "カナリア髙橋一子",
        "カナ氏名": "カナリアタカハシイチコ",
        "住所": "東京都港区赤坂二丁目11番777号",
        "宛名番号": "7777777777",
    }
    load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, [canary]))
    for path in workspace.state_dir.rglob("*"):
        if path.is_file() and path.parent != workspace.key_dir:
            content = path.read_bytes()
            for text in ("カナリア", "7777777777", "777号"):
                assert text.encode() not in content
                assert text.encode("cp932") not in content
                assert text.encode("utf-16-le") not in content


def test_the_vault_file_cannot_be_read_without_its_key(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "r.csv", RESIDENT, people(1)))
    for path in (workspace.vault_dir / "marts").iterdir():
        with pytest.raises(duckdb.Error), duckdb.connect() as connection:
            connection.execute(f"ATTACH '{path}' AS stolen")
            connection.execute("SELECT * FROM stolen.person")
