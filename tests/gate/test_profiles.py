"""The shipped profiles keep the promises of the house, and a wrong file is refused by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.gate.test_release import FACTS
from tests.gate.toy import REPOSITORY, make_workspace

from daicho.core.errors import UsageError
from daicho.gate.profiles import load_disclosure, may_render, recipient_of

SHIPPED = REPOSITORY / "data_contracts"


def test_the_shipped_profiles_are_the_four_of_the_house() -> None:
    profiles = load_disclosure(SHIPPED).profiles
    assert {name: profile.threshold for name, profile in profiles.items()} == {
        "statutory": None,
        "settlement": None,
        "internal": 10,
        "public": 10,
    }
    assert profiles["internal"].marking == "庁内限り"
    assert profiles["public"].complement and profiles["public"].protect_uniform_groups and profiles["public"].refuse_derivable
    assert {name for name, profile in profiles.items() if "analyst" in profile.roles} == {"internal", "public"}
    assert all("officer" in profile.roles for profile in profiles.values())


def test_a_document_shows_its_own_profile_or_a_stricter_one() -> None:
    profiles = load_disclosure(SHIPPED).profiles
    shown = {
        (document, release)
        for document in profiles
        for release in profiles
        if may_render(profiles[document], replace(FACTS, profile=release, strictness=profiles[release].strictness))
    }
    assert {release for document, release in shown if document == "public"} == {"public"}
    assert {release for document, release in shown if document == "internal"} == {"internal", "public"}
    assert {release for document, release in shown if document == "statutory"} == {"statutory", "internal", "public"}


def test_each_profile_names_its_recipient(tmp_path: Path) -> None:
    config, profiles = make_workspace(tmp_path), load_disclosure(SHIPPED).profiles
    assert recipient_of(profiles["statutory"], config=config, where={}) == "東京都知事"
    assert recipient_of(profiles["internal"], config=config, where={}) == "港区みなと保健所 保健予防課"
    assert recipient_of(profiles["settlement"], config=config, where={"institution": ("1A",), "ward": ("13101",)}) == "institution=1A"


def _changed(folder: Path, change: Any) -> Path:
    raw = yaml.safe_load((SHIPPED / "disclosure.yaml").read_text(encoding="utf-8"))
    change(raw)
    (folder / "disclosure.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda raw: raw["profiles"]["public"].update(treshold=5), "treshold"),
        (lambda raw: raw["profiles"]["public"].pop("threshold"), "threshold"),
        (lambda raw: raw["profiles"]["public"].update(threshold=1), "threshold"),
        (lambda raw: raw["profiles"]["public"].update(threshold=True), "threshold"),
        (lambda raw: raw["profiles"]["public"].update(complement=1), "complement"),
        (lambda raw: raw["profiles"]["internal"].update(roles=["everyone"]), "roles"),
        (lambda raw: raw["profiles"]["internal"].update(recipient="press"), "recipient"),
        (lambda raw: raw["profiles"]["public"]["area_bands"].append({"below": 3}), "area band"),
        (lambda raw: raw.pop("event_dimensions"), "event_dimensions"),
        (lambda raw: raw.update(schema=2), "schema"),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path: Path, change: Any, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        load_disclosure(_changed(tmp_path, change))


def test_a_changed_rule_changes_the_digest(tmp_path: Path) -> None:
    before = load_disclosure(SHIPPED).profiles["public"].digest
    after = load_disclosure(_changed(tmp_path, lambda raw: raw["profiles"]["public"].update(threshold=11))).profiles["public"].digest
    assert before != after
