"""What an answer betrays by itself: its shape, its sentence, its order, the moment it comes. None of it may depend on a row.

Of time this is shown, and no more: a request outside the vocabulary, the role or the profile is refused before any snapshot is opened or
any row is read, so that its time cannot depend on rows; refusals of one kind are the same bytes over any ledger; and an answer that was
given before is read from the release ledger, not counted again. How long a permitted count takes is not hidden.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.gate.toy import ToyEngine, grant, launched, make_workspace, serving

from daicho.core.config import Config
from daicho.gate.client import GateClient
from daicho.gate.engine import ParameterValue, Query
from daicho.gate.protocol import BODY_LIMIT, HEADER_LIMIT, receive_frame, send_frame
from daicho.gate.roles import user_name

ME = user_name(os.getuid())
SHAPE = {"outcome", "error", "message", "result"}


class WatchedEngine(ToyEngine):
    """Counts how often a snapshot is opened and a statement compiled; `kept` children of each group remain."""

    def __init__(self, *, kept: int = 1000) -> None:
        super().__init__()
        self.kept = kept
        self.opened = 0
        self.compiled = 0

    def open(self, snapshot: int) -> duckdb.DuckDBPyConnection:
        self.opened += 1
        connection = super().open(snapshot)
        ranked = "SELECT person, row_number() OVER (PARTITION BY district, sex ORDER BY person) AS rank FROM ledger.child"
        connection.execute(f"DELETE FROM ledger.child WHERE person IN (SELECT person FROM ({ranked}) WHERE rank > {self.kept})")
        return connection

    def compile(
        self,
        measure: str,
        *,
        by: Sequence[str],
        where: Mapping[str, Sequence[str]],
        parameters: Mapping[str, ParameterValue],
        snapshot: int,
    ) -> Query:
        self.compiled += 1
        return super().compile(measure, by=by, where=where, parameters=parameters, snapshot=snapshot)


def measure(name: str = "residents", **fields: Any) -> dict[str, Any]:
    return {"op": "measure", "measure": name, **fields}


OUTSIDE: dict[str, dict[str, Any]] = {
    "a measure that is none": measure("nothing"),
    "a measure of another case": measure("Residents"),
    "a statement for a measure": measure("SELECT * FROM child"),
    "a statement for a dimension": measure(by=["district; DROP TABLE child"]),
    "an expression for a dimension": measure(by=["1/0"]),
    "a column that is no dimension": measure(by=["person"]),
    "a birthday": measure(by=["birth_date"]),
    "a dimension twice": measure(by=["district", "district"]),
    "an aggregate": measure("max(person)"),
    "a limit": measure(limit=1),
    "an order": measure(order_by="residents_count"),
    "a having": measure(having="residents_count = 1"),
    "a threshold": measure(threshold=0),
    "a filter on a person": measure(where={"person": ["1"]}),
    "a filter on a pseudonym": measure(where={"pseudonym": ["00"]}),
    "a filter with no value": measure(where={"district": []}),
    "a filter with a thousand and one": measure(where={"district": ["A"] * 1001}),
    "a filter that is a pattern": measure(where={"district": {"like": "%"}}),
    "a profile that is none": measure(profile="everything"),
    "a profile of another case": measure(profile="STATUTORY"),
    "a day that is none": measure(parameters={"as_of": "2026-02-30"}),
    "a day with a time": measure(parameters={"as_of": "2026-02-03T00:00:00"}),
    "a day as an expression": measure(parameters={"as_of": "now()"}),
    "a snapshot below all": measure(snapshot=-1),
    "a snapshot as text": measure(snapshot="1"),
    "an operation that is none": {"op": "sql", "sql": "SELECT 1"},
    "an operation of administrators": {"op": "mint"},
    "a worklist": {"op": "worklist", "worklist": "children", "where": {"district": ["A"]}},
    "a month to close": {"op": "close", "month": 202510},
    "another's run": {"op": "run_releases", "run_id": "another"},
    "another's release": {"op": "release", "release_id": "R" + "0" * 24},
    "a path for a release": {"op": "release", "release_id": "../../vault/catalog.json"},
    "nothing at all": {},
}


def exchange(client: GateClient, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    send_frame(client.connection, request)
    frame = receive_frame(client.connection, header_limit=HEADER_LIMIT, body_limit=BODY_LIMIT)
    return frame.header, frame.body


def answers_of(folder: Path, engine: WatchedEngine, requests: Mapping[str, dict[str, Any]], **launch: Any) -> dict[str, tuple[Any, bytes]]:
    config = make_workspace(folder)
    with serving(config, engine=engine), GateClient.connect(config) as admin, launched(config, admin, **launch) as client:
        return {what: exchange(client, request) for what, request in requests.items()}


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, tuple[Any, bytes]], int]]:
    engine = WatchedEngine()
    answers = answers_of(tmp_path_factory.mktemp("outside"), engine, OUTSIDE)
    yield answers, engine.compiled


@pytest.mark.parametrize("what", OUTSIDE)
def test_one_refusal_byte_for_byte_for_whatever_is_not_in_the_vocabulary(outside: Any, what: str) -> None:
    answers, _ = outside
    assert answers[what] == answers["a measure that is none"]
    assert answers[what][0]["outcome"] == "refused" and set(answers[what][0]) == SHAPE


def test_what_is_not_in_the_vocabulary_is_refused_before_anything_is_compiled(outside: Any) -> None:
    assert outside[1] == 0


REFUSED_BY_RULE: dict[str, dict[str, Any]] = {
    "a profile not launched for": measure(profile="public"),
    "a profile of another role": measure(profile="statutory"),
    "a purpose of two lines": measure(purpose="a\nb"),
    "a filter value that is none": measure(where={"district": ["Z"]}),
    "institutions without a payee": measure("annual_counts", by=["institution"], profile="settlement"),
}


def test_refusals_by_rule_read_no_row_and_are_the_same_over_any_ledger(tmp_path: Path) -> None:
    found = []
    for kept in (0, 1, 1000):
        engine = WatchedEngine(kept=kept)
        found.append(answers_of(tmp_path / str(kept), engine, REFUSED_BY_RULE, profiles=["internal"]))
        assert engine.opened <= 1, "the gate warms the newest snapshot up by itself, and that is all"
    assert found[0] == found[1] == found[2]
    assert {header["outcome"] for header, _ in found[0].values()} == {"refused"}


INSIDE = {
    "a count": measure(by=["district", "sex"]),
    "an empty group": measure(by=["district"], where={"sex": ["9"]}),
    "a failing statement": measure("broken", by=["district"]),
    "a refused measure": measure("nothing"),
    "a public count": measure(by=["district", "sex"], profile="public"),
    "too many rows of a payee": measure("consignment_payments", by=["district"], profile="public"),
}


@pytest.mark.parametrize("kept", [0, 1, 3, 9, 1000])
def test_answers_have_one_shape_and_no_sentence_holds_a_figure_or_a_value_of_a_row(tmp_path: Path, kept: int) -> None:
    answers = answers_of(tmp_path, WatchedEngine(kept=kept), INSIDE)
    sentences = {what: header["message"] for what, (header, _) in answers.items()}
    for header, body in answers.values():
        assert set(header) == SHAPE and body[:4] == b"\xff\xff\xff\xff"
        assert set(header["result"] or {}) <= {"release_id"}
        assert "山田" not in header["message"] and not any(character.isdigit() for character in header["message"])
    if kept:  # over no row the toy's statement has nothing to fail on
        assert sentences["a failing statement"].startswith("the ledger could not answer this request")
    assert sentences["a count"] == sentences["an empty group"] == ""


def test_the_identity_of_a_release_depends_on_the_request_and_never_on_a_figure(tmp_path: Path) -> None:
    ids = [
        {
            what: (header["result"] or {}).get("release_id")
            for what, (header, _) in answers_of(tmp_path / str(kept), WatchedEngine(kept=kept), {"a count": INSIDE["a count"]}).items()
        }
        for kept in (1, 1000)
    ]
    assert ids[0] == ids[1]


def test_an_answer_given_before_is_read_and_not_counted_again(tmp_path: Path) -> None:
    config: Config = make_workspace(tmp_path, roles=grant(ME, "officer", "2027-03-31"))
    engine = WatchedEngine()
    with serving(config, engine=engine), GateClient.connect(config) as client:
        first = exchange(client, measure(by=["sex"]))
        for number in range(3):
            assert exchange(client, measure(by=["sex"])) == first, number
        assert engine.opened == 1


def test_averaging_repeated_answers_gives_nothing_new(tmp_path: Path) -> None:
    with serving(make_workspace(tmp_path)), GateClient.connect(make_workspace(tmp_path)) as client:
        spelled = [
            measure(by=["district"], where={"district": list(names)})
            for names in (("A", "B"), ("B", "A"), ("芝", "麻布"), ("A", "B", "芝"))
        ]
        assert len({exchange(client, request)[1] for request in spelled}) == 1
