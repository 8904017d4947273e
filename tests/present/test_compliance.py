"""The compliance page: how checks become promises, words for every check, a diagram that prints in grey."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from string import Formatter
from typing import Any

import pytest
from tests.conftest import ROOT
from tests.present.builders import FakeClient, examined_facts

from daicho.core.config import load_config
from daicho.gate.examination import CHECKS
from daicho.present.check_words import CHECK_WORDS
from daicho.present.compliance import Compliance
from daicho.present.ledger import Ledger
from daicho.present.open_list import open_table
from daicho.present.promises import SAFEGUARDS, USES
from daicho.present.zones import draw_zones

OUTSIDE = {"seal", "submissions", "media_erased", "scale"}
"""Checks that the gate does not make."""


def page(*, language: str = "ja", seal: Any = (("x", True),), submissions: int | None = 0, **results: str) -> Compliance:
    ledger = Ledger(
        client=FakeClient(),  # type: ignore[arg-type]
        purpose="試験",
        language=language,
        contracts_dir=load_config(ROOT).contracts_dir,
        seal=seal,
    )
    return Compliance(ledger=ledger, facts=examined_facts(**results), seal=seal, submissions_changed=submissions)


def row_of(found: Compliance, check: str) -> list[str]:
    name = CHECK_WORDS[check].name[0]
    return next([cell.text for cell in row] for table in (found.safeguards(), found.uses()) for row in table.rows if row[2].text == name)


def test_every_check_of_the_gate_stands_behind_a_promise_and_has_its_words() -> None:
    proving = {check for promise in (*SAFEGUARDS, *USES) for check in promise.checks}
    assert proving == CHECK_WORDS.keys() == CHECKS.keys() | OUTSIDE


def test_both_languages_tell_the_same_counts() -> None:
    for text in CHECK_WORDS.values():
        ja, en = ({field for _, field, _, _ in Formatter().parse(said) if field} for said in text.seen)
        assert ja == en
        assert text.name[1].isascii() and text.seen[1].isascii() and text.absent[1].isascii()


def test_the_tests_named_are_there() -> None:
    named = {part for text in CHECK_WORDS.values() for part in re.split(", ", text.tests) if part != "—"}
    assert named and all((ROOT / part).exists() for part in named)


def test_all_kept_is_said_in_one_sentence() -> None:
    assert str(page().summary()) == "約束19件を点検し、検査できる18件はすべて守られている。該当なしは1件である。"
    assert str(page(language="en").summary()) == "19 promises were examined; all 18 that can be checked are kept. Not applicable: 1."
    assert page().summary().role == ""


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_one_broken_check_breaks_each_promise_it_proves(check: str) -> None:
    found = page(**{check: "broken"})
    numbers = [str(number) for number, promise in enumerate((*SAFEGUARDS, *USES), start=1) if check in promise.checks]
    assert f"{len(numbers)}件が守られていない（番号{'、'.join(numbers)}）" in str(found.summary())
    assert found.summary().role == "caution"
    assert row_of(found, check)[4] == "否"


def test_a_check_that_could_not_be_made_says_so() -> None:
    found = page(encrypted="broken")
    found.facts["checks"]["encrypted"]["counts"] = {}
    assert "検査を実施できなかった" in row_of(found, "encrypted")[5]


@pytest.mark.parametrize(
    ("seal", "result"), [((("a", True), ("b", True)), "適"), ((("a", True), ("b", False)), "否"), ((), "否"), (None, "該当なし")]
)
def test_the_seal_of_the_present_kernel_is_a_check(seal: Any, result: str) -> None:
    assert row_of(page(seal=seal), "seal")[4] == result


@pytest.mark.parametrize(("changed", "result"), [(0, "適"), (2, "否"), (None, "該当なし")])
def test_changed_submissions_break_the_promise(changed: int | None, result: str) -> None:
    assert row_of(page(submissions=changed), "submissions")[4] == result


def test_failed_checks_stand_out_in_the_table() -> None:
    table = page(access_log="broken").safeguards()
    (place,) = table.emphasis_rows
    assert table.rows[place][2].text == CHECK_WORDS["access_log"].name[0]


def test_every_kind_of_open_point_has_words_in_both_languages() -> None:
    kinds = ("overdue", "no_backup", "old_backup", "no_grants", "role_ending", "role_ended", "erasure_begun", "unverified", "illustrative")
    points = [{"kind": kind, "subject": "officer", "count": 2, "day": "2026-12-31"} for kind in kinds]
    assert len(open_table(points, language="ja").rows) == len(kinds)
    assert all(cell.text.isascii() for row in open_table(points, language="en").rows for cell in row)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_diagram_is_drawn_in_greys_and_described(language: str) -> None:
    spec = draw_zones(language=language).to_dict()
    colours = re.findall(r"#[0-9A-Fa-f]{6}", json.dumps({key: spec[key] for key in ("layer", "datasets") if key in spec}))
    assert colours and all(len({colour[1:3], colour[3:5], colour[5:7]}) == 1 for colour in colours)
    assert spec["description"].count(":") + spec["description"].count("：") >= 4
    assert spec["height"] and spec["title"]


def test_few_releases_get_an_axis_without_halves() -> None:
    spec = page().chart().to_dict()
    assert spec["layer"][0]["encoding"]["y"]["axis"]["values"] == [0, 1, 2]


def test_users_are_told_by_role_alone() -> None:
    assert [row[0].text for row in page().roles().rows] == ["分析者", "保護責任者"]


def test_the_page_asks_with_its_purpose() -> None:
    ledger = replace(page().ledger, purpose="年次点検")
    ledger.compliance()
    client: Any = ledger.client
    assert client.asked == [{"name": "compliance", "purpose": "年次点検", "where": {}}]
