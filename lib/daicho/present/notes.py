"""The small print under a table or chart: what the figures rest on, so that they can be found again and not be misread."""

from __future__ import annotations

from collections.abc import Sequence

from daicho.gate.release import Facts
from daicho.present.denominators import denominator
from daicho.present.labels import date_label
from daicho.present.prose import Markdown

_HEADINGS = {
    "ja": {
        "title": "算定の条件",
        "notes": "算定規則",
        "source": "出典",
        "as_of": "基準日",
        "snapshot": "台帳スナップショット",
        "profile": "開示プロファイル",
        "suppressed": "秘匿した値",
        "recipient": "提供先",
        "legal_basis": "根拠",
        "release_id": "リリース番号",
        "unverified": "確認状況",
    },
    "en": {
        "title": "How these figures were made",
        "notes": "Rule",
        "source": "Source",
        "as_of": "As of",
        "snapshot": "Ledger snapshot",
        "profile": "Disclosure profile",
        "suppressed": "Values withheld",
        "recipient": "For",
        "legal_basis": "Legal basis",
        "release_id": "Release",
        "unverified": "Verification",
    },
}
_UNVERIFIED = {"ja": "未確認の参照データを含む", "en": "rests on reference data not yet verified"}


def write_note(facts: Facts, *, language: str) -> Markdown:
    """List the facts of a release that a reader needs: rules and denominators, source, day, snapshot, profile, withheld values, number."""
    heading = _HEADINGS[language]
    profile = facts.profile_label if language == "ja" and facts.profile_label else facts.profile
    marking = f"（{facts.marking}）" if facts.marking and language == "ja" else ""
    share = f"{facts.suppressed_cells:,} / {facts.cells:,}"
    entries = [
        (heading["notes"], " ".join(facts.notes)),
        (heading["source"], facts.source),
        (heading["as_of"], date_label(facts.as_of, language=language) if facts.as_of else ""),
        (heading["snapshot"], str(facts.snapshot)),
        (heading["profile"], profile + marking),
        (heading["suppressed"], share),
        (heading["recipient"], facts.recipient),
        (heading["legal_basis"], facts.legal_basis),
        (heading["release_id"], facts.release_id),
        (heading["unverified"], _UNVERIFIED[language] if facts.unverified else ""),
    ]
    colon = "：" if language == "ja" else ": "
    lines = [f"- {name}{colon}{text}" for name, text in entries if text]
    return Markdown("\n".join([f"**{heading['title']}**", "", *lines]), role="note")


def write_methods(releases: Sequence[Facts], *, language: str) -> Markdown:
    """List each measure once with its denominators and, in Japanese, its whole rule."""
    rules: dict[str, list[str]] = {}
    titles: dict[str, str] = {}
    notes: dict[str, tuple[str, ...]] = {}
    for facts in releases:
        titles[facts.measure] = facts.title if language == "ja" else facts.title_en or facts.title
        notes[facts.measure] = facts.notes
        rule = denominator(facts, language=language)
        if rule and rule not in rules.setdefault(facts.measure, []):
            rules[facts.measure].append(rule)
    lines = []
    for measure, title in titles.items():
        found = rules.get(measure, [])
        if language == "ja":
            words = (["分母：" + "、".join(found) + "。"] if found else []) + list(notes[measure])
            lines.append(f"- **{title}**　{''.join(words)}")
        else:
            words = ["Denominator: " + "; ".join(found) + "."] if found else ["See the rules of the measure."]
            lines.append(f"- **{title}.** {' '.join(words)}")
    return Markdown("\n".join(lines))
