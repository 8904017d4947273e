"""The same attacks on the vocabulary through the command line and through Python in a session: refused, in one sentence, with nothing shown.

Every attempt goes to the real measures over the small ward; the wire is attacked in `test_wire` and `test_answers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.cli.shell import daicho
from tests.conftest import copy_unrecorded

from daicho.core.config import Config
from daicho.core.errors import DisclosureError, UsageError
from daicho.gate.client import GateClient
from daicho.gate.process import running_gate
from daicho.present.ledger import Ledger

# Class of attack -> measure, and what is asked of it.
ATTEMPTS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "value-picking: the largest pseudonym": ("max(person)", {}),
    "value-picking: any value of a group": ("residents", {"by": ["any_value(birth_date)"]}),
    "value-picking: the lots": ("annual_counts", {"by": ["lot"], "fiscal_year": 2025}),
    "value-picking: the pseudonyms": ("residents", {"by": ["person"]}),
    "value-picking: days of birth": ("residents", {"by": ["birth_date"]}),
    "value-picking: days of doses": ("annual_counts", {"by": ["given_on"], "fiscal_year": 2025}),
    "arithmetic smuggling": ("residents", {"by": ["person % 1000"]}),
    "arithmetic smuggling by a filter": ("residents", {"where": {"age_years": "1 OR 1=1"}}),
    "arithmetic smuggling by division": ("residents", {"where": {"age_years": "1/(age_years-3)"}}),
    "single-out: one person": ("residents", {"where": {"person": "1"}}),
    "single-out: one number": ("residents", {"where": {"宛名番号": "5100000000"}}),
    "single-out: a name": ("residents", {"where": {"district": "山田太郎"}}),
    "single-out: a row": ("residents", {"where": {"line": "1"}}),
    "single-out: a batch": ("residents", {"where": {"batch": "1"}}),
    "single-out: one hundred filters": ("residents", {"where": {f"district{number}": "芝" for number in range(100)}}),
    "inflating: doses for persons": ("residents", {"by": ["dose"]}),
    "presence: rows one by one": ("residents", {"limit": 1}),
    "presence: from the n-th row": ("residents", {"offset": 1}),
    "order: by a figure": ("residents", {"order_by": "residents_count"}),
    "order: having": ("residents", {"having": "residents_count = 1"}),
    "error text: a cast that fails": ("residents", {"where": {"age_years": "cast(person as date)"}}),
    "error text: a function that fails": ("residents", {"by": ["error(person)"]}),
    "timing: a slow filter": ("residents", {"where": {"district": "芝' AND sleep(5) --"}}),
    "metadata: the tables": ("duckdb_tables", {}),
    "metadata: the schema": ("information_schema.columns", {}),
    "metadata: statistics": ("pragma_storage_info('person')", {}),
    "files: a file for a measure": ("read_csv('/etc/passwd')", {}),
    "files: a file for a dimension": ("residents", {"by": ["read_text('/etc/passwd')"]}),
    "files: a path for a filter": ("residents", {"where": {"district": "../../var/vault/catalog.json"}}),
    "files: attach": ("ATTACH 'x' AS y", {}),
    "files: copy": ("COPY person TO '/tmp/x'", {}),
    "averaging: a seed": ("residents", {"seed": 1}),
    "averaging: noise": ("residents", {"epsilon": 1000}),
    "unicode: a full-width name": ("ｒｅｓｉｄｅｎｔｓ", {}),
    "unicode: a letter that looks alike": ("rеsidents", {}),
    "unicode: an invisible character": ("residents", {"by": ["district\u200b"]}),
    "parameters: a day that is a statement": ("residents", {"as_of": "2026-04-01'; DROP TABLE person; --"}),
    "parameters: a year that is none": ("annual_counts", {"fiscal_year": 10**9}),
    "profile: none": ("residents", {"profile": "everything"}),
    "profile: weaker by another writing": ("residents", {"profile": "Statutory"}),
}


@pytest.fixture(scope="module")
def office(ward: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    config = copy_unrecorded(ward, tmp_path_factory.mktemp("doors") / "office")
    with running_gate(config):
        yield config


@pytest.fixture(scope="module")
def ledger(office: Config) -> Iterator[Ledger]:
    """A session as a notebook holds it: an analyst's, launched for the profile internal."""
    with GateClient.connect(office) as admin:
        token = admin.mint_token(role="analyst", profiles=["internal"], default_profile="internal", purpose="試験", run_id="doors")
        with GateClient.connect(office, token=token) as client:
            yield Ledger(client=client, purpose="試験", language="ja")


def words(measure: str, asked: Mapping[str, Any]) -> list[str]:
    found = ["query", measure]
    for name, value in asked.items():
        if name == "by":
            found += ["--by", ",".join(value)]
        elif name == "where":
            found += [word for key, text in value.items() for word in ("--where", f"{key}={text}")]
        else:
            found += (
                [f"--{name.replace('_', '-')}", str(value)] if name in ("as_of", "fiscal_year", "profile") else ["-p", f"{name}={value}"]
            )
    return found


@pytest.mark.parametrize("attack", ATTEMPTS)
def test_the_command_line_refuses(office: Config, attack: str) -> None:
    refused = daicho(office, *words(*ATTEMPTS[attack]))
    assert (refused.code, refused.out) == (2, "") or (refused.code == 3 and not refused.out)
    assert refused.sentence and "Traceback" not in refused.err and "unexpected" not in refused.err


@pytest.mark.parametrize("attack", ATTEMPTS)
def test_python_in_a_session_refuses(ledger: Ledger, attack: str) -> None:
    measure, asked = ATTEMPTS[attack]
    with pytest.raises((UsageError, DisclosureError)):
        ledger.measure(measure, **asked)


@pytest.mark.parametrize("profile", ["public", "statutory", "settlement"])
def test_a_session_gets_no_profile_it_was_not_launched_for(ledger: Ledger, profile: str) -> None:
    with pytest.raises(DisclosureError):
        ledger.measure("residents", as_of="2026-03-31", profile=profile)


def test_a_session_has_no_other_operation_than_measures(ledger: Ledger) -> None:
    client = ledger.client
    for attempt in (
        lambda: client.mint_token(role="officer", profiles=["statutory"], default_profile="statutory", purpose="", run_id="x"),
        lambda: client.worklist("reminders", where={"vaccine": "MR", "dose": "2期"}),
        lambda: client.run_releases("another"),
        lambda: client.release("R" + "0" * 24),
    ):
        with pytest.raises((UsageError, DisclosureError)):
            attempt()


def test_small_groups_and_what_is_left_of_all_but_them_are_withheld(ledger: Ledger) -> None:
    """Single-out by filter and differencing: filters to the bone leave no figure of one to nine persons, in whatever breakdown."""
    withheld = 0
    for asked in (
        {"by": ["age_years"]},
        {"by": ["age_years", "sex", "district"]},
        {"by": ["birth_fy", "sex"], "where": {"district": "芝"}},
    ):
        frame = ledger.measure("residents", as_of="2026-03-31", **asked).frame  # type: ignore[arg-type]
        shown = frame["residents_count"].drop_nulls()
        assert shown.len() and not shown.is_between(1, 9).any()
        withheld += int((frame["residents_count_status"] == "suppressed").sum())
    assert withheld > 0
