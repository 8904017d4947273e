from __future__ import annotations

from pathlib import Path

import pytest

from daicho.core.errors import DataError
from daicho.intake import decode
from daicho.intake.decode import inspect_file, pieces

TEXT = "宛名番号,氏名\r\n1,髙﨑①\r\n2,山田\r\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode("cp932"), "cp932"),
        (TEXT.encode("utf-8"), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_the_encoding_is_found_by_content_and_the_text_is_the_same(tmp_path: Path, data: bytes, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    source = inspect_file(path)
    assert source.encoding == encoding
    assert b"".join(piece.text for piece in pieces(source)).decode().removeprefix("\ufeff") == TEXT


def test_private_use_characters_stop_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("宛名番号,氏名\n1,".encode("cp932") + b"\xf0\x40\n")
    assert b"".join(piece.text for piece in pieces(inspect_file(path))).decode().endswith("\ue000\n")


@pytest.mark.parametrize("size", [1, 7, 16, 64])
def test_pieces_hold_whole_rows_whatever_their_size(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'a,b\n1,"x\ny"\n2,"髙""﨑"\n3,z\n'
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode("cp932"))
    monkeypatch.setattr(decode, "PIECE_BYTES", size)
    found = list(pieces(inspect_file(path)))
    assert b"".join(piece.text for piece in found).decode() == text
    assert all(piece.text.count(b'"') % 2 == 0 and piece.text.endswith(b"\n") for piece in found)
    lines = [piece.first_line for piece in found]
    assert lines == [1 + sum(earlier.text.count(b"\n") for earlier in found[:number]) for number in range(len(found))]


def test_a_last_row_without_line_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2")
    assert b"".join(piece.text for piece in pieces(inspect_file(path))) == b"a,b\n1,2\n"


def test_a_quotation_mark_never_closed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "PIECE_BYTES", 16)
    monkeypatch.setattr(decode, "LONGEST_ROW_BYTES", 64)
    path = tmp_path / "a.csv"
    path.write_bytes(b'a,b\n1,"x\n' + b"2,y\n" * 40)
    with pytest.raises(DataError, match="quotation mark"):
        list(pieces(inspect_file(path)))
