"""The typeface inside a page: every character readable, nothing fetched, the same bytes whatever was kept from other pages."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

from fontTools.ttLib import TTFont

from daicho.runs.publish.typeface import PLACE, with_typeface

PAGE = f"<style>{PLACE}</style><p>港区 予防接種率報告：髙﨑①　95.3 %（令和7年度）</p>"


def characters(page: str) -> set[str]:
    (data,) = re.findall(r"url\(data:font/woff;base64,([A-Za-z0-9+/=]+)\)", page)
    with TTFont(io.BytesIO(base64.b64decode(data))) as font:
        return {chr(code) for code in font.getBestCmap()}


def test_every_character_of_the_page_has_a_glyph_and_no_other() -> None:
    assert characters(with_typeface(PAGE)) == set(PAGE) - {"　"} | {" "}


def test_the_page_is_the_same_whatever_other_pages_needed_before(tmp_path: Path) -> None:
    alone = with_typeface(PAGE)
    with_typeface(f"<style>{PLACE}</style>支払 日本脳炎", cache_dir=tmp_path)
    assert with_typeface(PAGE, cache_dir=tmp_path) == alone
    assert with_typeface(PAGE, cache_dir=tmp_path) == alone


def test_a_page_that_needs_new_characters_gets_them(tmp_path: Path) -> None:
    with_typeface(PAGE, cache_dir=tmp_path)
    assert "墨" in characters(with_typeface(PAGE.replace("港区", "墨田区"), cache_dir=tmp_path))


def test_without_a_place_to_keep_glyphs_the_page_is_still_made(tmp_path: Path) -> None:
    occupied = tmp_path / "cache"
    occupied.write_text("")
    assert with_typeface(PAGE, cache_dir=occupied) == with_typeface(PAGE)
