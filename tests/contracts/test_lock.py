from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.contracts.folders import SHIPPED, copied, replaced

from daicho.contracts.lock import check_lock, contract_versions, main, read_lock, write_lock
from daicho.core.errors import UsageError


def welfare(folder: Path) -> Path:
    return folder / "extracts" / "welfare.odcs.yaml"


def test_the_shipped_contracts_agree_with_their_lock() -> None:
    assert check_lock(SHIPPED) == []


def test_the_lock_holds_version_hash_and_the_class_of_every_column() -> None:
    entry = read_lock(SHIPPED)["extract/number_change"]
    assert entry.version == "1.0.0" and len(entry.sha256) == 64
    assert entry.classes == {"旧宛名番号": "link_key", "新宛名番号": "link_key", "変更日": "operational"}
    assert set(contract_versions(SHIPPED)) == set(read_lock(SHIPPED))


def test_a_changed_contract_without_a_higher_version_is_found(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replaced(welfare(folder), "First day.", "First day of validity.")
    assert [(finding.where, "raise it" in finding.message) for finding in check_lock(folder)] == [("extract/welfare", True)]
    with pytest.raises(UsageError, match="raise its version above"):
        write_lock(folder)


def test_comments_and_layout_may_change_freely(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    welfare(folder).write_text("# a comment\n" + welfare(folder).read_text(encoding="utf-8"), encoding="utf-8")
    assert check_lock(folder) == []


def test_a_higher_version_passes_once_the_lock_is_written(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replaced(welfare(folder), "First day.", "First day of validity.")
    replaced(welfare(folder), "version: 1.0.0", "version: 1.0.1")
    assert ["write the lock anew" in finding.message for finding in check_lock(folder)] == [True]
    write_lock(folder)
    assert check_lock(folder) == []


def test_a_lower_version_is_found(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replaced(welfare(folder), "version: 1.0.0", "version: 0.9.0")
    assert check_lock(folder) != []


def test_a_weakened_class_is_found_even_under_a_higher_version(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "extracts" / "resident.odcs.yaml"
    replaced(path, "classification: direct_identifier", "classification: operational")
    replaced(path, "version: 1.1.0", "version: 2.0.0")
    messages = [finding.message for finding in check_lock(folder) if "weaker" in finding.message]
    assert len(messages) == 5 and any("続柄" in message for message in messages)
    with pytest.raises(UsageError, match="weaker than agreed"):
        write_lock(folder)


def test_a_class_may_be_weakened_only_by_naming_the_column(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "extracts" / "vaccination.odcs.yaml"
    replaced(path, "classification: sensitive", "classification: operational")
    replaced(path, "version: 1.2.0", "version: 1.3.0")
    with pytest.raises(UsageError, match="自己負担区分"):
        write_lock(folder, weaken=frozenset({"vaccination.ワクチンロット番号"}))
    write_lock(folder, weaken=frozenset({"vaccination.ワクチンロット番号", "vaccination.自己負担区分"}))
    assert check_lock(folder) == []


def test_a_stricter_class_needs_a_version_but_no_naming(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replaced(welfare(folder), "classification: operational", "classification: sensitive")
    replaced(welfare(folder), "version: 1.0.0", "version: 1.1.0")
    write_lock(folder)
    assert check_lock(folder) == []


def test_contracts_that_come_or_go_are_found(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    welfare(folder).rename(folder / "extracts" / "assistance.odcs.yaml")
    replaced(folder / "extracts" / "assistance.odcs.yaml", "- name: welfare\n", "- name: assistance\n")
    assert [finding.message.split(";")[0] for finding in check_lock(folder)] == [
        "the contract extract/assistance is not in the lock",
        "the contract extract/welfare is gone",
    ]


def test_the_command_checks_and_writes(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replaced(welfare(folder), "First day.", "First day of validity.")
    checked = CliRunner().invoke(main, ["--contracts", str(folder)])
    assert checked.exit_code == 1 and "extract/welfare" in checked.stderr
    assert CliRunner().invoke(main, ["--contracts", str(folder), "--write"]).exit_code == 2
    replaced(welfare(folder), "version: 1.0.0", "version: 1.0.1")
    assert CliRunner().invoke(main, ["--contracts", str(folder), "--write"]).exit_code == 0
    assert CliRunner().invoke(main, ["--contracts", str(folder)]).exit_code == 0


def test_a_missing_lock_says_how_to_write_it(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "contracts.lock").unlink()
    with pytest.raises(UsageError, match="--write"):
        check_lock(folder)
