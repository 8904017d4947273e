"""The page a privacy officer hands an auditor (個人情報保護の点検報告): what the gate found when it examined itself, promise by promise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from daicho.present.acts import profile_labels, quarter_table, refusal_table, release_table, releases_chart, role_table
from daicho.present.check_words import CHECK_WORDS
from daicho.present.labels import date_label
from daicho.present.open_list import open_table
from daicho.present.promises import SAFEGUARDS, USES, Promise
from daicho.present.prose import Markdown
from daicho.present.sums import words
from daicho.present.tables import Cell, Table, TableColumn
from daicho.present.zones import draw_zones

if TYPE_CHECKING:
    import altair

    from daicho.present.ledger import Ledger

Seal = tuple[tuple[str, bool], ...]
"""How a kernel's seal was tested: each attempt with whether it was refused. Empty: the kernel runs unsealed."""

KEPT, BROKEN, NOT_APPLICABLE = "kept", "broken", "not_applicable"
_RESULTS = {KEPT: ("適", "kept"), BROKEN: ("否", "NOT KEPT"), NOT_APPLICABLE: ("該当なし", "not applicable")}
_DAYS = frozenset({"since", "last", "delivered", "backup"})
_NEVER = ("なし", "none")
_UNMADE = (
    "検査を実施できなかった。daicho audit とゲートのログで原因を確かめる",
    "the check could not be made: see daicho audit and the gate's log",
)


@dataclass(frozen=True)
class Result:
    """One check as found: its result, and what it counted."""

    result: str
    counts: Mapping[str, int | str]


@dataclass(frozen=True)
class Compliance:
    """One examination. `facts` are what the gate answered; `seal` and `submissions_changed` what stands outside it."""

    ledger: Ledger
    facts: Mapping[str, Any]
    seal: Seal | None
    submissions_changed: int | None

    def cover(self) -> Markdown:
        """Return whose workspace was examined, when, and against what."""
        municipality, at = self.ledger.municipality, datetime.fromisoformat(self.facts["at"])
        place = f"{municipality.prefecture}{municipality.name} {municipality.department}".strip() or "－"
        day = date_label(at.date(), language=self.ledger.language)
        lines = [
            (self._say("対象", "Workspace of"), place),
            (self._say("点検日時", "Examined"), f"{day} {at:%H:%M}"),
            (
                self._say("基準", "Against"),
                self._say("特定個人情報保護評価書（予防接種に関する事務）", "impact assessment of vaccination affairs"),
            ),
            (
                self._say("点検者", "By"),
                self._say("ゲート（保管庫の唯一の管理プロセス）による自己点検", "the gate, the vault's sole keeper, itself"),
            ),
        ]
        head = f"| {self._say('項目', 'Item')} | {self._say('内容', 'Content')} |"
        return Markdown("\n".join([head, "|:--|:--|", *(f"| {name} | {text} |" for name, text in lines)]))

    def summary(self) -> Markdown:
        """Say whether all promises are kept, and which are not."""
        promises = (*SAFEGUARDS, *USES)
        results = [self._result_of(promise) for promise in promises]
        broken = [str(place) for place, result in enumerate(results, start=1) if result == BROKEN]
        idle = results.count(NOT_APPLICABLE)
        if self.ledger.language == "ja":
            said = f"約束{len(promises)}件のうち{len(broken)}件が守られていない（番号{'、'.join(broken)}）。" if broken else ""
            rest = len(promises) - idle
            said = said or f"約束{len(promises)}件を点検し、検査できる{rest}件はすべて守られている。"
            said += f"該当なしは{idle}件である。" if idle else ""
        else:
            said = f"Not kept: {len(broken)} of {len(promises)} promises (no. {', '.join(broken)})." if broken else ""
            said = said or f"{len(promises)} promises were examined; all {len(promises) - idle} that can be checked are kept."
            said += f" Not applicable: {idle}." if idle else ""
        return Markdown(said, role="caution" if broken else "")

    def safeguards(self) -> Table:
        """Return each promised safeguard with its checks, when they ran, how they came out, and what shows it."""
        return self._promises(
            SAFEGUARDS, first=1, name="safeguards", title=self._say("安全管理の約束と検査", "Safeguards and their checks")
        )

    def uses(self) -> Table:
        """Return each promised use in the same form."""
        return self._promises(
            USES, first=len(SAFEGUARDS) + 1, name="uses", title=self._say("利用目的の約束と検査", "Uses and their checks")
        )

    def zones(self) -> altair.LayerChart:
        """Draw the zones and what crosses from one into the next."""
        return draw_zones(language=self.ledger.language)

    def releases(self) -> Table:
        """Return releases by measure and profile."""
        return release_table(self._statistics["releases"], titles=self._titles(), profiles=self._profiles(), language=self.ledger.language)

    def quarters(self) -> Table:
        """Return acts by fiscal quarter."""
        return quarter_table(self._statistics["quarters"], unclean_runs=self._statistics["unclean_runs"], language=self.ledger.language)

    def refusals(self) -> Table:
        """Return refusals by month and kind."""
        return refusal_table(self._statistics["refusals"], language=self.ledger.language)

    def roles(self) -> Table:
        """Return uses by role; of no user."""
        return role_table(self._statistics["roles"], language=self.ledger.language)

    def chart(self) -> altair.LayerChart:
        """Draw releases by month and profile."""
        return releases_chart(self._statistics["months"], profiles=self._profiles(), language=self.ledger.language)

    def open_points(self) -> Table:
        """Return what an officer should look at."""
        return open_table(self.facts["open_points"], language=self.ledger.language)

    def tests(self) -> Table:
        """Return, for each check, the tests that prove that it finds what it is for, so that an auditor can ask for them."""
        columns = (
            TableColumn("check", self._say("検査", "Check"), "text"),
            TableColumn("tests", self._say("機能を示す試験", "Tests that prove what it checks"), "text"),
        )
        rows = tuple((words(self._say(*text.name)), words(text.tests)) for text in CHECK_WORDS.values())
        title = self._say("検査と試験の対応", "Checks and tests")
        return Table(name="tests", title=title, columns=columns, rows=rows, language=self.ledger.language)

    def _promises(self, promises: Sequence[Promise], *, first: int, name: str, title: str) -> Table:
        heads = (
            ("number", "番号", "No."), ("promise", "約束", "Promise"), ("check", "検査", "Check"), ("on", "実施日", "Run on"),
            ("result", "結果", "Result"), ("evidence", "証拠", "Evidence"), ("place", "所在", "Where"),
        )  # fmt: skip
        columns = tuple(TableColumn(key, self._say(ja, en), "text") for key, ja, en in heads)
        rows: list[tuple[Cell, ...]] = []
        broken: list[int] = []
        for number, promise in enumerate(promises, start=first):
            for place, check in enumerate(promise.checks):
                found = self._found(check)
                broken += [len(rows)] if found.result == BROKEN else []
                text = (promise.ja, promise.en)[self._column] if place == 0 else ""
                rows.append(tuple(map(words, (str(number), text, *self._row(check, found)))))
        return Table(name=name, title=title, columns=columns, rows=tuple(rows), emphasis_rows=tuple(broken), language=self.ledger.language)

    def _row(self, check: str, found: Result) -> Iterator[str]:
        text = CHECK_WORDS[check]
        yield self._say(*text.name)
        yield self.facts["at"][:10] if found.result != NOT_APPLICABLE else "－"
        yield self._say(*_RESULTS[found.result])
        if found.result == NOT_APPLICABLE:
            yield self._say(*text.absent)
        else:
            yield self._say(*text.seen).format(**self._written(found.counts)) if found.counts else self._say(*_UNMADE)
        yield text.place

    def _written(self, counts: Mapping[str, int | str]) -> dict[str, str]:
        """Counts with thousands, days as the reader writes them."""
        language = self.ledger.language
        never = self._say(*_NEVER)
        return {
            name: (date_label(str(value), language=language) if value else never)
            if name in _DAYS
            else f"{value:,}"
            if isinstance(value, int)
            else str(value)
            for name, value in counts.items()
        }

    def _found(self, check: str) -> Result:
        """A check of the gate, or one of those that stand outside it."""
        if check in self.facts["checks"]:
            return Result(**self.facts["checks"][check])
        if check == "seal" and self.seal is not None:
            through = sum(not refused for _, refused in self.seal)
            is_kept = bool(self.seal) and not through
            return Result(KEPT if is_kept else BROKEN, {"tried": len(self.seal), "passed_through": through})
        if check == "submissions" and self.submissions_changed is not None:
            return Result(BROKEN if self.submissions_changed else KEPT, {"changed": self.submissions_changed})
        return Result(NOT_APPLICABLE, {})

    def _result_of(self, promise: Promise) -> str:
        found = {self._found(check).result for check in promise.checks}
        return BROKEN if BROKEN in found else KEPT if KEPT in found else NOT_APPLICABLE

    @property
    def _statistics(self) -> Mapping[str, Any]:
        statistics: Mapping[str, Any] = self.facts["statistics"]
        return statistics

    @property
    def _column(self) -> int:
        return 0 if self.ledger.language == "ja" else 1

    def _say(self, ja: str, en: str) -> str:
        return self.ledger.word(ja, en)

    def _titles(self) -> dict[str, str]:
        key = "title" if self.ledger.language == "ja" else "title_en"
        return {entry["name"]: str(entry.get(key) or entry["name"]) for entry in self.ledger.client.catalogue()}

    def _profiles(self) -> Mapping[str, str]:
        return profile_labels(self.ledger.contracts_dir, language=self.ledger.language)


def ask_compliance(ledger: Ledger, *, submissions_changed: str) -> Compliance:
    """Have the gate examine itself."""
    changed = int(submissions_changed) if submissions_changed.isdecimal() else None
    facts = ledger.client.compliance(purpose=ledger.purpose)
    return Compliance(ledger=ledger, facts=facts, seal=ledger.seal, submissions_changed=changed)
