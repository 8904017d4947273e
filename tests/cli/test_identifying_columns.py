"""Tools that read files from anywhere show no cell of a column that names a person, whichever command is given an extract."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.shell import daicho
from tests.intake.extract_factory import RESIDENT, write_extract

from daicho.core.config import Config

CANARY = {"氏名": "金糸雀太郎", "宛名番号": "7012345678", "住所": "東京都港区赤坂二丁目11番777号"}


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    people = [{**CANARY, "宛名番号": f"70123456{number:02d}", "性別": str(number % 2 + 1)} for number in range(60, 100)]
    return write_extract(tmp_path / "residents.csv", RESIDENT, people, encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ("protect", "--by", "氏名"),
        ("protect", "--by", "性別,住所"),
        ("protect", "--by", "性別", "--count", "宛名番号"),
        ("attack",),
        ("attack", "--by", "性別"),
        ("check-table",),
        ("check-table", "--by", "氏名", "--total", "金糸雀太郎"),
    ],
)
def test_a_column_that_names_a_person_is_refused_and_nothing_of_it_said(
    workspace: Config, extract: Path, arguments: tuple[str, ...]
) -> None:
    command, *options = arguments
    refused = daicho(workspace, command, extract, *options)
    assert (refused.code, refused.out) == (3, ""), refused.err
    assert "may stand in no table" in refused.sentence
    assert not any(text in refused.err for text in CANARY.values() if text not in options)


def test_persons_are_counted_by_their_number_without_its_being_shown(workspace: Config, extract: Path) -> None:
    made = daicho(workspace, "protect", extract, "--by", "性別", "--person", "宛名番号")
    assert made.code == 0, made.err
    assert not any(text in made.out + made.err for text in CANARY.values())
