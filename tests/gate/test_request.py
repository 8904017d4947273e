"""Requests: a closed vocabulary, checked strictly, with one refusal for everything else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gate.toy import MEASURES

from daicho.core.errors import UsageError
from daicho.gate.request import NOT_IN_VOCABULARY, checked_purpose, parse_request

GOOD: dict[str, Any] = {
    "op": "measure",
    "measure": "coverage_cohort",
    "by": ["district", "sex"],
    "where": {"dose": ["D1"], "district": ["芝", "B"]},
    "parameters": {"as_of": "2026-04-01", "fiscal_year": 2025},
    "snapshot": 3,
    "profile": "internal",
    "purpose": "検討",
}


def parse(raw: dict[str, Any]) -> Any:
    return parse_request(raw, measures=MEASURES, profiles=["internal", "public"])


def test_a_request_in_the_vocabulary_is_read() -> None:
    request = parse(GOOD)
    assert request.by == ("district", "sex")
    assert request.where == {"dose": ("D1",), "district": ("B", "芝")}
    assert request.parameters["as_of"].isoformat() == "2026-04-01"


@pytest.mark.parametrize(
    "change",
    [
        {"measure": "persons"},
        {"measure": None},
        {"measure": ["residents"]},
        {"by": ["birth_date"]},
        {"by": ["district", "district"]},
        {"by": "district"},
        {"by": [["district"]]},
        {"by": ["district"] * 100},
        {"where": {"person": ["1"]}},
        {"where": {"district": []}},
        {"where": {"district": "A"}},
        {"where": {"district": [1]}},
        {"where": {"district": [""]}},
        {"where": {"district": ["x" * 500]}},
        {"where": {"district": [str(n) for n in range(5000)]}},
        {"where": []},
        {"parameters": {"limit": 1}},
        {"parameters": {"as_of": "2026-02-30"}},
        {"parameters": {"as_of": 20260401}},
        {"parameters": {"as_of": "2026-04-01'; DROP TABLE person; --"}},
        {"parameters": {"fiscal_year": "2025"}},
        {"parameters": {"fiscal_year": True}},
        {"parameters": {"fiscal_year": 10**40}},
        {"snapshot": -1},
        {"snapshot": True},
        {"snapshot": "1"},
        {"profile": "exact"},
        {"profile": ["internal"]},
        {"sql": "SELECT 1"},
        {"order_by": "eligible_count"},
        {"limit": 3},
    ],
)
def test_everything_else_gets_one_refusal(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as refused:
        parse({**GOOD, **change})
    assert str(refused.value) == NOT_IN_VOCABULARY


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(field=st.sampled_from(sorted(GOOD)), value=json_values)
def test_any_json_is_read_or_refused(field: str, value: Any) -> None:
    try:
        parse({**GOOD, field: value})
    except UsageError as refused:
        assert str(refused) == NOT_IN_VOCABULARY or field == "purpose"


@pytest.mark.parametrize("text", ["a" * 501, "two\nlines", "bell\x07", None, 3])
def test_a_purpose_is_one_bounded_line(text: object) -> None:
    with pytest.raises(UsageError):
        checked_purpose(text)
