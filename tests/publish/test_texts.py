"""The catalogue of fixed texts: whole in both languages."""

from __future__ import annotations

import string
from datetime import date

import pytest

from daicho.core.errors import UsageError
from daicho.runs.publish.texts import _TEXTS, Texts


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_stands_in_both_languages_with_the_same_places_to_fill() -> None:
    for name, (japanese, english) in _TEXTS.items():
        assert japanese and english and japanese != english, name
        assert places(japanese) == places(english), name


def test_captions_and_days_follow_the_language() -> None:
    japanese, english = Texts("ja"), Texts("en")
    assert japanese.caption("figure", 1, "推移") == "図1　推移"
    assert english.caption("table", 2, "Doses") == "Table 2. Doses"
    assert japanese.caption("table", 3, "") == "表3"
    assert (japanese.day(date(2026, 4, 1)), english.day(date(2026, 4, 1))) == ("2026年4月1日", "1 April 2026")
    assert japanese.day(None) == ""


def test_language_without_a_catalogue_is_refused() -> None:
    with pytest.raises(UsageError, match="language"):
        Texts("fr")
