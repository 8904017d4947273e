"""Officers' decisions name a file and a line; they stay with the claim that stood there, whatever later dumps do."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.intake.extract_factory import VACCINATION, write_extract
from tests.intake.test_take_in import load, people, rows

from daicho.core.config import Config
from daicho.core.errors import DataError

DECISION = {
    "抽出ファイル": "v.csv", "行番号": "2", "判定": "支払", "判定理由": "確認済み", "決裁者": "R001", "決定日": "20260601",
}  # fmt: skip
FOUND = "SELECT count(person), count(*), min(decision), min(event_on)::VARCHAR FROM payment_decision"


def decide(folder: Path, *changes: dict[str, str], name: str = "decisions.csv") -> Path:
    return write_extract(folder / name, DECISION, changes or ({},))


def test_a_decision_is_carried_to_the_claim_on_its_line(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, people(2, 接種日="20210502")))
    report = load(workspace, decide(tmp_path, {"行番号": "3", "判定": "返戻", "判定理由": "返戻"}))
    assert (report.files[0].kind, report.files[0].rows_accepted) == ("payment_decision", 1)
    assert rows(workspace, FOUND) == [(1, 1, "reject", "2021-05-02")]


def test_it_holds_on_when_a_later_dump_puts_the_claim_on_another_line(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, people(3)))
    load(workspace, decide(tmp_path))
    before = rows(workspace, "SELECT e.person FROM payment_decision d JOIN event e USING (person) WHERE e.line = 2")
    load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, [*people(3)[1:], people(1)[0]]))
    assert len(before) == 1 and rows(workspace, FOUND)[0][:2] == (1, 1)
    assert rows(workspace, "SELECT e.line FROM payment_decision d JOIN event e USING (person)") == [(4,)]


def test_of_two_deliveries_of_one_name_the_one_before_the_decision_is_meant_unless_it_is_numbered(
    workspace: Config, tmp_path: Path
) -> None:
    load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, people(1, 接種日="20210501")))
    load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, people(1, 接種日="20210601")))
    load(workspace, decide(tmp_path))
    assert rows(workspace, FOUND) == [(1, 1, "pay", "2021-06-01")]
    load(workspace, decide(tmp_path, {"抽出ファイル": "v.csv [batch 1]"}, name="more.csv"))
    assert rows(workspace, FOUND) == [(2, 2, "pay", "2021-05-01")]


def test_a_decision_on_a_line_or_file_that_is_not_there_is_kept_without_a_claim(workspace: Config, tmp_path: Path) -> None:
    load(workspace, write_extract(tmp_path / "v.csv", VACCINATION, people(1)))
    load(workspace, decide(tmp_path, {"行番号": "70000"}, {"抽出ファイル": "other.csv"}))
    assert rows(workspace, FOUND) == [(0, 2, "pay", None)]


def test_a_decision_outside_the_vocabulary_is_quarantined(workspace: Config, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="unknown_decision 1"):
        load(workspace, decide(tmp_path, {"判定": "様子見"}))
