"""A part of a report that the profile does not allow: it says so where its table or chart would stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from daicho.present.prose import Markdown


@dataclass(frozen=True)
class Withheld:
    """Stands in for a release that was refused under the session's profile."""

    language: str = "ja"

    def only(self, **_: Any) -> Withheld:
        """Return the same: there is nothing to pick from."""
        return self

    def table(self, **_: Any) -> Markdown:
        """Say that the profile does not allow this part."""
        if self.language == "ja":
            return Markdown("この区分の集計は、この開示プロファイルでは出力できません。")
        return Markdown("This breakdown is not available under this disclosure profile.")

    def chart(self, **_: Any) -> Markdown:
        """Nothing: the table's place has said why."""
        return Markdown("")

    def note(self) -> Markdown:
        """Nothing: there is no release to describe."""
        return Markdown("")
