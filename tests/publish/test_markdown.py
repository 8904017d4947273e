"""Markdown becomes a closed tree: Japanese reads as written, and nothing but words comes out of markup."""

from __future__ import annotations

import pytest

from daicho.runs.publish.markdown import plain_text, read_markdown


def inlines(source: str) -> list[dict[str, object]]:
    (paragraph,) = read_markdown(source)
    return list(paragraph["inlines"])


def test_strong_text_that_ends_in_japanese_punctuation_is_strong() -> None:
    assert inlines("前**強調。**後") == [
        {"kind": "text", "text": "前"},
        {"kind": "strong", "inlines": [{"kind": "text", "text": "強調。"}]},
        {"kind": "text", "text": "後"},
    ]


def test_line_end_inside_japanese_joins_without_space_and_inside_latin_with_one() -> None:
    assert plain_text(inlines("接種\n率")) == "接種率"
    assert plain_text(inlines("dose\ncount")) == "dose count"


def test_raw_html_is_words() -> None:
    (block,) = read_markdown("<script>alert(1)</script>")
    assert block == {"kind": "paragraph", "inlines": [{"kind": "text", "text": "<script>alert(1)</script>"}]}
    assert plain_text(inlines("a <b onclick=x>b</b>")) == "a <b onclick=x>b</b>"


def test_code_keeps_entities_as_written_and_text_decodes_them() -> None:
    assert plain_text(inlines("`&amp;` &amp;")) == "&amp; &"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "JAVASCRIPT:x"])
def test_link_of_another_scheme_keeps_its_words_only(url: str) -> None:
    assert inlines(f"[押す]({url})") == [{"kind": "text", "text": "押す"}]


@pytest.mark.parametrize("url", ["https://example.jp/a", "http://example.jp", "mailto:a@example.jp"])
def test_link_to_the_web_or_a_mail_address_stays(url: str) -> None:
    assert inlines(f"[押す]({url})") == [{"kind": "link", "href": url, "inlines": [{"kind": "text", "text": "押す"}]}]


def test_image_becomes_its_alternative_text() -> None:
    assert inlines("![区の地図](https://example.jp/map.png)") == [{"kind": "text", "text": "区の地図"}]


def test_nested_list_numbered_list_and_table_keep_their_shape() -> None:
    bullets, numbers, table = read_markdown("- a\n  - b\n\n3. c\n\n| x | y |\n|---|--:|\n| 1 | 2 |")
    assert [block["kind"] for block in bullets["items"][0]] == ["paragraph", "list"]
    assert (numbers["ordered"], numbers["start"]) == (True, 3)
    assert table["align"] == ["left", "right"]
    assert [[plain_text(cell) for cell in row] for row in table["rows"]] == [["1", "2"]]
