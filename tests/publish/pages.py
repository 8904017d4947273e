"""Reading a published page the way a browser would: its elements, addresses and visible words."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

_VOID = frozenset({"meta", "br", "hr", "link", "img", "input", "base"})
_LOADING = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "iframe": ("src", "srcdoc"),
    "object": ("data",),
    "embed": ("src",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "source": ("src", "srcset"),
    "form": ("action",),
    "base": ("href",),
    "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"),
}

Element = tuple[str, dict[str, str]]


class Page(HTMLParser):
    """One page: `elements` in order, `words` outside scripts and styles, `scripts` and `styles` by themselves."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self.styles: list[str] = []
        self.unclosed: list[str] = []
        self._words: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag == "script":
            self.scripts.append((attributes, ""))
        if tag not in _VOID:
            self.unclosed.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed and self.unclosed[-1] == tag, f"</{tag}> closes <{self.unclosed[-1:]}>"
        self.unclosed.pop()

    def handle_data(self, data: str) -> None:
        inside = self.unclosed[-1] if self.unclosed else ""
        if inside == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif inside == "style":
            self.styles.append(data)
        else:
            self._words.append(data)

    @property
    def words(self) -> str:
        return "".join(self._words)

    def find(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def loaded_addresses(self) -> Iterator[str]:
        """Every address a browser would fetch or send to by itself."""
        for tag, attributes in self.elements:
            yield from (attributes[name] for name in _LOADING.get(tag, ()) if name in attributes)
            if "url(" in attributes.get("style", ""):
                yield attributes["style"]
