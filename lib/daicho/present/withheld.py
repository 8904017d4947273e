"""A part of a report that the profile does not allow: it says so where its table or chart would stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from daicho.present.key_figures import ABSENT, KeyFigure
from daicho.present.labels import Figure
from daicho.present.prose import Markdown

_REFUSED = {"ja": "この開示プロファイルでは示せない", "en": "not available under this disclosure profile"}

_NOT_DISCLOSED = {"ja": "開示対象外", "en": "not disclosed"}


@dataclass(frozen=True)
class Withheld:
    """Stands in for a release that was refused under the session's profile."""

    language: str = "ja"

    def only(self, **_: Any) -> Withheld:
        """Return the same: there is nothing to pick from."""
        return self

    def at(self, *_: Any, **__: Any) -> Withheld:
        """Return the same: there is nothing to pick from."""
        return self

    def up_to(self, *_: Any, **__: Any) -> Withheld:
        """Return the same: there is nothing to pick from."""
        return self

    def value(self, *_: Any, **__: Any) -> Figure:
        """Return words instead of a figure."""
        return Figure(value=None, status="not_applicable", text=_REFUSED[self.language])

    def count(self, *_: Any, **__: Any) -> Figure:
        """Return words instead of a count."""
        return self.value()

    def change(self, *_: Any, name: str, name_en: str, **__: Any) -> KeyFigure:
        """Return a key figure without a value."""
        words = {"name": name if self.language == "ja" else name_en, "scope": "", "rule": _REFUSED[self.language]}
        refused = Figure(value=None, status="not_applicable", text=_NOT_DISCLOSED[self.language])
        return KeyFigure(**words, now=refused, before=ABSENT, whole=ABSENT, release_id="", language=self.language)

    def lowest(self, *_: Any, **__: Any) -> str:
        """Return words instead of a place."""
        return _REFUSED[self.language]

    def table(self, **_: Any) -> Markdown:
        """Say that the profile does not allow this part."""
        if self.language == "ja":
            return Markdown("この区分の集計は、この開示プロファイルでは出力できません。")
        return Markdown("This breakdown is not available under this disclosure profile.")

    def chart(self, **_: Any) -> Markdown:
        """Say the same: a heading over nothing would puzzle. A document says it once where table and chart stand together."""
        return self.table()

    def note(self) -> Markdown:
        """Nothing: there is no release to describe."""
        return Markdown("")
