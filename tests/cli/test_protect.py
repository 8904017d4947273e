"""`daicho protect` and `daicho attack`: files in, files out, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests.cli.shell import daicho

from daicho.core.config import Config

COUNTS = "district,age,vaccinated,eligible\n" + "\n".join(
    f"{district},{age},{vaccinated},{eligible}"
    for district, ages in {
        "A": [(30, 60), (95, 100), (40, 90)],
        "B": [(20, 50), (33, 80), (50, 70)],
        "C": [(4, 40), (44, 66), (60, 99)],
    }.items()
    for age, (vaccinated, eligible) in enumerate(ages)
)


@pytest.fixture
def counts(tmp_path: Path) -> Path:
    path = tmp_path / "counts.csv"
    path.write_text(COUNTS, encoding="utf-8")
    return path


def test_a_protected_table_withstands_the_attack(workspace: Config, counts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    asked = ("protect", str(counts), "--by", "district,age", "--count", "vaccinated", "--of", "eligible", "-o", str(out))
    made = daicho(workspace, *asked)
    assert made.code == 0, made.err
    assert "exact" in made.err
    frame = pl.read_csv(out)
    assert frame.columns == ["district", "age", "vaccinated", "vaccinated_status", "eligible", "eligible_status", "rate", "rate_status"]
    assert frame.height == 16 and frame["vaccinated_status"].is_in(["suppressed"]).sum() >= 4
    attacked = daicho(workspace, "attack", str(out), "--by", "district,age", "--count", "vaccinated", "--of", "eligible")
    assert attacked.code == 0, attacked.out + attacked.err
    first = out.read_bytes()
    daicho(workspace, *asked)
    assert out.read_bytes() == first


def test_primary_suppression_alone_falls(workspace: Config, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("地区,人数\n芝,40\n麻布,＊\n計,44\n", encoding="cp932")
    fallen = daicho(workspace, "attack", str(path), "--format", "json")
    assert fallen.code == 3
    assert json.loads(fallen.out.splitlines()[0]) == [{"cell": "麻布", "column": "人数", "least": 4, "most": 4, "verdict": "exact"}]
    assert "EXACT" in daicho(workspace, "attack", str(path)).out


def test_several_files_are_attacked_together(workspace: Config, tmp_path: Path) -> None:
    cross, margin = tmp_path / "cross.csv", tmp_path / "margin.csv"
    cross.write_text("area,sex,n\nA,f,x\nA,m,40\nB,f,x\nB,m,30\n", encoding="utf-8")
    margin.write_text("area,n\nA,45\nB,60\n", encoding="utf-8")
    assert daicho(workspace, "attack", str(cross)).code == 0
    assert daicho(workspace, "attack", str(cross), str(margin)).code == 3


def test_rows_of_persons_and_payments_are_protected_too(workspace: Config, tmp_path: Path) -> None:
    people, pay = tmp_path / "people.csv", tmp_path / "pay.csv"
    people.write_text("id,area,sex\n" + "".join(f"{n},{'AB'[n % 2]},{'fm'[n % 41 > 3]}\n" for n in range(200)), encoding="utf-8")
    pay.write_text(
        "ward,clinic,yen\n" + "".join(f"w{n % 4},c{n % 7 if n % 4 else 0},{1000 * (n % 7 + 3)}\n" for n in range(80)), encoding="utf-8"
    )
    for asked in (("--by", "area,sex"), ("--by", "area,sex", "--person", "id")):
        assert daicho(workspace, "protect", str(people), *asked).code == 0
    made = daicho(workspace, "protect", str(pay), "--by", "ward", "--amount", "yen", "--payee", "clinic")
    assert made.code == 0 and "suppressed" in made.out


@pytest.mark.parametrize(
    ("command", "content"),
    [
        (("attack",), "area,n\nA,10\n計,12\n"),
        (("attack",), "n\n"),
        (("protect", "--by", "nowhere"), "area,n\nA,10\n"),
        (("protect", "--by", "area", "--count", "n"), "area,n\nA,ten\n"),
        (("protect", "--by", "area", "--count", "n", "--person", "n"), "area,n\nA,1\n"),
    ],
)
def test_what_cannot_be_read_as_a_table_is_unusable(workspace: Config, tmp_path: Path, command: tuple[str, ...], content: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content, encoding="utf-8")
    assert daicho(workspace, command[0], str(path), *command[1:]).code == 2
