"""The same attack on acro and on the gate: three tables, each harmless, that subtract to a cell both withhold.

`python -m benchmarks.acro FOLDER PYTHON`, where PYTHON is the interpreter of an environment made from `benchmarks/acro/requirements.txt`.
Invented persons: three districts, ages 0 to 2, at least 40 in every group but one, which has 4. Threshold 10 on both sides.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.workspace import make_workspace
from daicho.core.config import Config
from daicho.core.errors import DaichoError
from daicho.gate.client import GateClient
from daicho.gate.process import running_gate
from daicho.intake.load import take_in

AS_OF = date(2026, 3, 31)
ADDRESSES = {"shiba": "東京都港区芝一丁目1番1号", "azabu": "東京都港区麻布十番一丁目1番1号", "akasaka": "東京都港区赤坂二丁目1番1号"}
PERSONS = {"shiba": (60, 50, 40), "azabu": (45, 45, 4), "akasaka": (55, 52, 48)}  # of ages 0, 1 and 2
HIDDEN = ("azabu", 2)
QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (("all ages", ()), ("age 0", ("000-000",)), ("age 1", ("001-001",)))
HEADER = (
    "宛名番号", "氏名", "カナ氏名", "漢字氏名", "生年月日", "性別", "世帯主情報", "続柄", "住所", "住所を定めた日", "住所届出日", "住民となった日",
    "住民となった理由", "消除日", "消除事由", "住民区分", "外国人住民となった日", "外国人届出日",
)  # fmt: skip


def write_persons(folder: Path) -> tuple[Path, Path]:
    """The persons as an extract of the register, and as a plain table for acro."""
    extract, plain = folder / "resident.csv", folder / "persons.csv"
    rows, table, number = [], [], 5_100_000_001
    for district, counts in PERSONS.items():
        for age, count in enumerate(counts):
            born = f"{AS_OF.year - age - 1}1001"
            for _ in range(count):
                found = dict.fromkeys(HEADER, "") | {"宛名番号": str(number), "氏名": f"人{number}", "生年月日": born, "性別": "1"}
                found |= {"住所": ADDRESSES[district], "住民となった日": born, "住民となった理由": "出生", "住民区分": "日本人"}
                found |= {"カナ氏名": "ヒト", "漢字氏名": f"人{number}", "住所を定めた日": born, "住所届出日": born, "続柄": "子"}
                rows.append([found[name] for name in HEADER])
                table.append([district, age])
                number += 1
    for path, header, content, encoding in ((extract, HEADER, rows, "cp932"), (plain, ("district", "age"), table, "utf-8")):
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file, lineterminator="\r\n").writerows([header, *content])
    return extract, plain


def ask_acro(python: Path, persons: Path, work: Path) -> list[dict[str, Any]]:
    """Each table with acro's verdict and its cells; a hidden cell is null."""
    work.mkdir(exist_ok=True)
    script = Path(__file__).with_name("in_acro.py")
    said = subprocess.run([python, script, persons, work], capture_output=True, text=True, check=True).stdout
    tables: list[dict[str, Any]] = json.loads(said.splitlines()[-1])
    return [table | {"cells": {key: _only(cells) for key, cells in table["cells"].items()}} for table in tables]


def _only(cells: dict[str, Any]) -> Any:
    return next(iter(cells.values())) if len(cells) == 1 else cells


def ask_gate(config: Config, *, first: bool) -> list[dict[str, Any]]:
    """The same questions under the profile for publication; `first` asks for the table with the small cell before the three."""
    tables: list[dict[str, Any]] = []
    with running_gate(config), GateClient.connect(config) as gate:
        for name, ages in (*((("district by age", None),) if first else ()), *QUESTIONS):
            by = ["district"] if ages is not None else ["district", "age_band"]
            where = {"age_band": list(ages)} if ages else {}
            try:
                frame = gate.measure("residents", by=by, where=where, as_of=AS_OF.isoformat(), profile="public", purpose=name).frame
            except DaichoError as error:
                tables.append({"name": name, "verdict": f"refused: {error}", "cells": {}})
                continue
            hidden = int((frame["residents_count_status"] == "suppressed").sum())
            cells = dict(frame.select("district", "residents_count").iter_rows()) if ages is not None else {}
            tables.append({"name": name, "verdict": f"released, {hidden} of {frame.height} withheld", "cells": cells})
    return tables


def subtracted(tables: list[dict[str, Any]]) -> Any:
    """What total minus the two ages gives for the hidden cell; None where a figure is missing."""
    total, *parts = [next(table["cells"].get(HIDDEN[0]) for table in tables if table["name"] == name) for name, _ in QUESTIONS]
    return None if None in (total, *parts) else total - sum(parts)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.acro")
    parser.add_argument("folder", type=Path)
    parser.add_argument("python", type=Path)
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    extract, plain = write_persons(folder)
    asked = {"acro": ask_acro(options.python, plain, folder / "acro")}
    for who, first in (("the gate", True), ("the gate, the three alone", False)):
        config = make_workspace(folder / f"office-{first}")
        take_in([extract], config=config, today=AS_OF)
        asked[who] = ask_gate(config, first=first)
    for who, tables in asked.items():
        for table in tables:
            print(f"{who}: {table['name']}: {table['verdict']} {table['cells'] or ''}")
        found = subtracted(tables)
        print(f"{who}: persons of age {HIDDEN[1]} in {HIDDEN[0]} by subtraction: {'not found' if found is None else found}\n")


if __name__ == "__main__":
    main()
