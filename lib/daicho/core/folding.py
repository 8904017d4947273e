"""Folding: one form for all the ways of writing the same identifying text, worked out on whole texts at once.

Folded away: width and compatibility forms (NFKC), case, hiragana against katakana, variant characters, every space, hyphen, zero-width
mark, variation selector and other character that is no letter or digit; 一 to 九 against digits; 丁目, 番地, 番 and 号 after a digit.
Kept: `,` and `.` between digits, so that an amount never reads as a house number.
"""

from __future__ import annotations

import functools
import unicodedata

import numpy as np

SEPARATOR = "\x00"
"""Stands between texts folded together; it is kept, and no text holds it."""

# Variant forms that registers write and reports may normalise (or the other way round).
VARIANTS = {
    "髙": "高", "﨑": "崎", "嵜": "崎", "碕": "崎", "濵": "浜", "濱": "浜", "邊": "辺", "邉": "辺", "齋": "斎", "齊": "斉", "澤": "沢", "櫻": "桜",
    "廣": "広", "國": "国", "德": "徳", "眞": "真", "槇": "槙", "瀨": "瀬", "藪": "薮", "龍": "竜", "𠮷": "吉", "黑": "黒", "惠": "恵",
    "嶋": "島", "嶌": "島", "舘": "館", "冨": "富", "峯": "峰", "曻": "昇", "桒": "桑", "榮": "栄", "淵": "渕", "渊": "渕", "蓜": "配", "增": "増",
    "穗": "穂", "豐": "豊", "鐵": "鉄", "靜": "静", "彌": "弥", "與": "与", "萬": "万", "會": "会", "圓": "円", "學": "学", "實": "実",
    "壽": "寿", "巖": "巌", "將": "将", "條": "条", "檜": "桧", "瀧": "滝", "禮": "礼", "藏": "蔵", "賴": "頼", "遙": "遥", "關": "関",
    "〇": "0", "零": "0", "一": "1", "二": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9",
    "ヶ": "ケ", "ヵ": "カ",
}  # fmt: skip

_END = 0x32000  # no letter that a register or a report writes lies above; what does is folded away
_HIRAGANA = range(0x3041, 0x3097)
_TO_KATAKANA = 0x60
# Letters to Unicode, but nothing to a reader: the long mark, which registers mix with dashes, and fillers that show as blanks.
_BLANK_LETTERS = "ー\u115f\u1160\u3164\uffa0"
_VOICED, _SEMI_VOICED = 0x3099, 0x309A
_ZERO, _NINE = ord("0"), ord("9")
_COMMA, _POINT = ord(","), ord(".")
_EXPANDS = -1
_COUNTERS = ("丁目", "番地", "番", "号")


def fold(text: str) -> np.ndarray:
    """The folded characters of a text as code points (int32)."""
    codes = _mapped(text)
    codes = _composed(codes[codes != 0])
    codes = _without_counters(codes)
    kept: np.ndarray = codes[~_idle_marks(codes)]
    return kept


def folded(texts: list[str]) -> list[str]:
    """Fold many texts, in order."""
    if not texts:
        return []
    whole = fold(SEPARATOR.join(text.replace(SEPARATOR, "") for text in texts))
    return as_text(whole).split(SEPARATOR)


def as_text(codes: np.ndarray) -> str:
    """Code points as text; the separator is U+0000 again."""
    return np.where(codes < 0, 0, codes).astype("<u4").tobytes().decode("utf-32-le")


def narrowed(text: str) -> str:
    """A text in NFKC as far as one character stands for one: full-width letters and digits are ordinary ones."""
    codes = code_points(text)
    is_wide = _wide_table().take(codes, mode="clip")
    if not is_wide.any():
        return text
    return as_text(np.where(is_wide, _narrow_table().take(codes, mode="clip"), codes.astype(np.int32)))


def code_points(text: str) -> np.ndarray:
    """A text as code points: unsigned, of one byte each where the text is plain ASCII, else of four."""
    if text.isascii():
        return np.frombuffer(text.encode(), dtype=np.uint8)
    points: np.ndarray = np.frombuffer(text.encode("utf-32-le", "replace"), dtype="<u4")
    return points


def _mapped(text: str) -> np.ndarray:
    """Each character's folded form; 0 for what is folded away, and -2 for the separator."""
    table = _table()
    codes: np.ndarray = table.take(code_points(text), mode="clip")
    if (codes == _EXPANDS).any():
        codes = table.take(code_points(unicodedata.normalize("NFKC", text)), mode="clip")
        codes = np.where(codes == _EXPANDS, 0, codes)
    return codes


@functools.cache
def _table() -> np.ndarray:
    """The folded form of every character up to U+31FFF; -1 where it takes several characters."""
    table = np.zeros(_END + 1, dtype=np.int32)
    for code, narrow in enumerate(_narrow_table().tolist()[:_END]):
        table[code] = _folded_character(unicodedata.normalize("NFKC", chr(code)) if narrow == _EXPANDS else chr(narrow).upper())
    table[0] = -2
    return table


@functools.cache
def _narrow_table() -> np.ndarray:
    """The NFKC form of every character up to U+31FFF; -1 where it takes several characters."""
    table = np.arange(_END + 1, dtype=np.int32)
    for code in range(0x80, _END):
        character = chr(code)
        if not unicodedata.is_normalized("NFKC", character):
            plain = unicodedata.normalize("NFKC", character)
            table[code] = ord(plain) if len(plain) == 1 else _EXPANDS
    table[0xD800:0xE000] = ord(" ")
    return table


@functools.cache
def _wide_table() -> np.ndarray:
    """Which characters have another NFKC form of one character."""
    table = _narrow_table()
    found: np.ndarray = (table != np.arange(_END + 1)) & (table != _EXPANDS)
    return found


def _folded_character(character: str) -> int:
    if len(character) != 1:
        return _EXPANDS if any(unicodedata.category(part)[0] in "LN" for part in character) else 0
    character = VARIANTS.get(character, character)
    code = ord(character)
    if character in _BLANK_LETTERS:
        return 0
    if code in _HIRAGANA:
        return _folded_character(chr(code + _TO_KATAKANA))
    if code in (_VOICED, _SEMI_VOICED, _COMMA, _POINT) or unicodedata.category(character)[0] in "LN":
        return code
    return 0


def _composed(codes: np.ndarray) -> np.ndarray:
    """Join a voicing mark to the kana before it: half-width katakana write them apart."""
    marks = np.flatnonzero((codes == _VOICED) | (codes == _SEMI_VOICED))
    if not len(marks):
        return codes
    codes = codes.copy()
    for mark in (_VOICED, _SEMI_VOICED):
        at = marks[(codes[marks] == mark) & (marks > 0)]
        bases = np.maximum(codes[at - 1], 1)
        distinct, place = np.unique(bases, return_inverse=True)
        whole = [unicodedata.normalize("NFC", chr(base) + chr(mark)) for base in distinct.tolist()]
        joined = np.array(
            [ord(text) if len(text) == 1 else base for text, base in zip(whole, distinct.tolist(), strict=True)], dtype=np.int32
        )
        codes[at - 1] = np.where(codes[at - 1] > 0, joined[place], codes[at - 1]) if len(at) else codes[at - 1]
    return np.delete(codes, marks)


def _is_digit(codes: np.ndarray) -> np.ndarray:
    return (codes >= _ZERO) & (codes <= _NINE)


def _without_counters(codes: np.ndarray) -> np.ndarray:
    """Drop 丁目, 番地, 番 and 号 that follow a digit."""
    for counter in _COUNTERS:
        first = np.flatnonzero(codes[1:] == ord(counter[0])) + 1
        first = first[_is_digit(codes[first - 1])]
        if len(counter) == 2:
            first = first[first < len(codes) - 1]
            first = first[codes[first + 1] == ord(counter[1])]
        if len(first):
            codes = np.delete(codes, np.concatenate([first + offset for offset in range(len(counter))]))
    return codes


def _idle_marks(codes: np.ndarray) -> np.ndarray:
    """Commas and points that do not stand between two digits."""
    is_mark: np.ndarray = (codes == _COMMA) | (codes == _POINT)
    at = np.flatnonzero(is_mark)
    between = np.zeros(len(at), dtype=bool)
    inner = (at > 0) & (at < len(codes) - 1)
    between[inner] = _is_digit(codes[at[inner] - 1]) & _is_digit(codes[at[inner] + 1])
    is_mark[at[between]] = False
    return is_mark
