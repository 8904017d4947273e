"""Markdown of a notebook → a small closed tree that both the HTML and the PDF template draw.

The tree is plain JSON: blocks are heading, paragraph, list, quote, code, rule and table; inlines are text, strong, emph,
strike, code, link and break. Nothing else can come out, so raw HTML stays visible as text and no markup of the
target language is ever made from a notebook's words. Images become their alternative text: a document loads nothing.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import mistune

Node = dict[str, Any]

_LINK_SCHEMES = ("http://", "https://", "mailto:")
# CommonMark does not close 「**強調。**次」 because full-width punctuation touches the marks; Japanese writers mean it to close.
_UNCLOSED_STRONG = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_WIDE = frozenset("WF")


def read_markdown(source: str) -> list[Node]:
    """Parse one markdown text into blocks. Headings keep the level they were written with."""
    parse = mistune.create_markdown(renderer="ast", plugins=["table", "strikethrough"])
    return _blocks(_tokens(parse(source)))


def plain_text(inlines: Iterable[Mapping[str, Any]]) -> str:
    """The words of inlines without their marks."""
    return "".join(" " if node["kind"] == "break" else node["text"] if "text" in node else plain_text(node["inlines"]) for node in inlines)


def _tokens(parsed: object) -> list[Mapping[str, Any]]:
    return parsed if isinstance(parsed, list) else []


def _blocks(tokens: Sequence[Mapping[str, Any]]) -> list[Node]:
    found = (_block(token) for token in tokens)
    return [node for node in found if node is not None]


def _block(token: Mapping[str, Any]) -> Node | None:
    kind = token["type"]
    children = token.get("children", [])
    attributes = token.get("attrs", {})
    if kind == "heading":
        return {"kind": "heading", "level": int(attributes["level"]), "inlines": _inlines(children)}
    if kind in ("paragraph", "block_text"):
        return {"kind": "paragraph", "inlines": _inlines(children)}
    if kind == "list":
        return {
            "kind": "list",
            "ordered": bool(attributes.get("ordered", False)),
            "start": int(attributes.get("start", 1)),
            "tight": bool(token.get("tight", True)),
            "items": [_blocks(item.get("children", [])) for item in children],
        }
    if kind == "block_quote":
        return {"kind": "quote", "blocks": _blocks(children)}
    if kind == "block_code":
        return {"kind": "code", "text": str(token["raw"]).rstrip("\n")}
    if kind == "thematic_break":
        return {"kind": "rule"}
    if kind == "table":
        return _table(children)
    if kind == "blank_line":
        return None
    raw = str(token.get("raw", "")).strip()
    return {"kind": "paragraph", "inlines": [_text(raw)]} if raw else None


def _table(sections: Sequence[Mapping[str, Any]]) -> Node:
    head: list[list[Node]] = []
    rows: list[list[list[Node]]] = []
    align: list[str] = []
    for section in sections:
        if section["type"] == "table_head":
            align = [(cell.get("attrs", {}).get("align") or "left") for cell in section["children"]]
            head = [_inlines(cell.get("children", [])) for cell in section["children"]]
        else:
            rows.extend([_inlines(cell.get("children", [])) for cell in row["children"]] for row in section["children"])
    return {"kind": "table", "align": align, "head": head, "rows": rows}


def _inlines(tokens: Sequence[Mapping[str, Any]]) -> list[Node]:
    nodes: list[Node] = []
    for position, token in enumerate(tokens):
        kind = token["type"]
        children = token.get("children", [])
        if kind == "strong":
            nodes.append({"kind": "strong", "inlines": _inlines(children)})
        elif kind == "emphasis":
            nodes.append({"kind": "emph", "inlines": _inlines(children)})
        elif kind == "strikethrough":
            nodes.append({"kind": "strike", "inlines": _inlines(children)})
        elif kind == "codespan":
            nodes.append({"kind": "code", "text": str(token["raw"])})
        elif kind == "link":
            nodes.extend(_link(str(token.get("attrs", {}).get("url", "")), _inlines(children)))
        elif kind == "image":
            nodes.extend(_inlines(children))
        elif kind == "linebreak":
            nodes.append({"kind": "break"})
        elif kind == "softbreak":
            following = _first_text(tokens[position + 1 :])
            nodes.append(_text(_joint(plain_text(nodes), following)))
        elif kind == "inline_html":
            nodes.append(_text(str(token.get("raw", ""))))
        else:
            nodes.extend(_words(html.unescape(str(token.get("raw", "")))))
    return _merged(nodes)


def _link(url: str, inlines: list[Node]) -> list[Node]:
    """A link to the web or a mail address stays a link; any other scheme keeps its words only."""
    if url.lower().startswith(_LINK_SCHEMES):
        return [{"kind": "link", "href": url, "inlines": inlines or [_text(url)]}]
    return inlines


def _words(raw: str) -> list[Node]:
    nodes: list[Node] = []
    position = 0
    for match in _UNCLOSED_STRONG.finditer(raw):
        nodes.append(_text(raw[position : match.start()]))
        nodes.append({"kind": "strong", "inlines": [_text(match.group(1))]})
        position = match.end()
    nodes.append(_text(raw[position:]))
    return [node for node in nodes if node.get("text") != ""]


def _text(text: str) -> Node:
    return {"kind": "text", "text": text}


def _first_text(tokens: Sequence[Mapping[str, Any]]) -> str:
    for token in tokens:
        words = str(token.get("raw", "")) or _first_text(token.get("children", []))
        if words:
            return words
    return ""


def _joint(before: str, after: str) -> str:
    """A line end inside Japanese text joins without a space; between Latin words it is a space."""
    is_wide = [bool(part) and unicodedata.east_asian_width(part) in _WIDE for part in (before[-1:], after[:1])]
    return "" if any(is_wide) else " "


def _merged(nodes: list[Node]) -> list[Node]:
    merged: list[Node] = []
    for node in nodes:
        if node["kind"] == "text" and merged and merged[-1]["kind"] == "text":
            merged[-1] = _text(merged[-1]["text"] + node["text"])
        else:
            merged.append(node)
    return [node for node in merged if node.get("text") != ""]
