"""Small extracts for tests: rows given by what differs from an ordinary row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

RESIDENT = {
    "宛名番号": "5100000001",
    "氏名": "秘匿高橋太郎",
    "カナ氏名": "ヒトクタカハシタロウ",
    "漢字氏名": "秘匿髙橋太郎",
    "生年月日": "20200401",
    "性別": "1",
    "世帯主情報": "秘匿髙橋一郎",
    "続柄": "子",
    "住所": "東京都港区赤坂二丁目11番29号",
    "住所を定めた日": "20200401",
    "住所届出日": "20200401",
    "住民となった日": "20200401",
    "住民となった理由": "出生",
    "消除日": "",
    "消除事由": "",
    "住民区分": "日本人",
    "外国人住民となった日": "",
    "外国人届出日": "",
}
VACCINATION = {
    "宛名番号": "5100000001",
    "予防接種種別コード": "MR",
    "接種期": "1期",
    "接種回数": "1",
    "ワクチンロット番号": "L1",
    "接種日": "20210501",
    "予診日": "20210501",
    "医療機関コード": "1310113715",
    "区名コード": "131032",
    "混合ワクチン種類": "",
    "予診フラグ": "0",
    "支払月": "202106",
    "医療機関所在地フラグ": "1",
    "経過措置フラグ": "0",
    "ワクチン種類": "",
    "自己負担区分": "",
    "ワクチン名称": "",
}
NUMBER_CHANGE = {"旧宛名番号": "9500000001", "新宛名番号": "5100000001", "変更日": "20250101"}


def write_extract(
    path: Path, ordinary: Mapping[str, str], changes: Iterable[Mapping[str, str]], *, encoding: str = "cp932", end: str = "\r\n"
) -> Path:
    """Write one row for each of `changes`, over the ordinary row."""
    rows = [",".join(ordinary)] + [",".join({**ordinary, **change}.values()) for change in changes]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((end.join(rows) + end).encode(encoding))
    return path
