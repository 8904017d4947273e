"""Random public requests, one after the other: whatever the gate answers, all answers together leave every small group uncertain."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.effort import seeds
from tests.gate import toy
from tests.gate.toy import ToyEngine, make_workspace, serving

from daicho.core.errors import DisclosureError
from daicho.gate.audit import audit_gate, prove_public
from daicho.gate.client import GateClient
from daicho.gate.protection.attacker import bound_cells
from daicho.gate.protection.system import Relation, System

ATOMS = [(district, sex) for district in "ABC" for sex in "12"]
BREAKDOWNS: tuple[list[str], ...] = ([], ["district"], ["sex"], ["district", "sex"])
FILTERS: tuple[dict[str, list[str]], ...] = ({}, {"district": ["A", "B"]}, {"district": ["B", "C"]}, {"sex": ["1"]}, {"district": ["C"]})


def known_of(release: Any, column: str) -> list[tuple[list[int], float]]:
    """Which atoms each shown figure sums, read from the release alone."""
    found = []
    for row in release.frame.iter_rows(named=True):
        atoms = [
            place
            for place, (district, sex) in enumerate(ATOMS)
            if all(
                value in release.facts.where.get(name, (value,)) and value == row.get(name, value)
                for name, value in (("district", district), ("sex", sex))
            )
        ]
        if row[column] is not None:
            found.append((atoms, float(row[column])))
    return found


def attacked(figures: list[tuple[list[int], float]], *, complement_of: list[tuple[list[int], float]] | None = None) -> Any:
    """Bounds of the atoms; with denominators, of the parts and then of the rests."""
    size = len(ATOMS) if complement_of is None else 3 * len(ATOMS)
    relations, shown = [], [np.nan] * size
    if complement_of is not None:
        relations = [Relation((place + 6, place, place + 12), (-1.0, 1.0, 1.0)) for place in range(6)]
    for offset, known in ((0, figures), (6, complement_of or [])):
        for atoms, value in known:
            relations.append(Relation((len(shown), *(atom + offset for atom in atoms)), (-1.0, *([1.0] * len(atoms)))))
            shown.append(value)
    return bound_cells(System(tuple(map(str, range(len(shown)))), tuple(relations)), np.array(shown), targets=range(size))


def children(seed: int) -> dict[str, dict[str, tuple[int, int]]]:
    dice = random.Random(seed)
    made = {}
    for district in "ABC":
        made[district] = {sex: (count := dice.choice([3, 7, 12, 30, 60]), dice.randint(0, count)) for sex in "12"}
    return made


@pytest.mark.parametrize("seed", seeds(12))
def test_all_answers_together_tell_no_small_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    people = children(seed)
    monkeypatch.setattr(toy, "CHILDREN", people)
    config, dice, answers = make_workspace(tmp_path), random.Random(seed), []
    measure = "coverage_cohort" if seed % 2 else "residents"
    with serving(config), GateClient.connect(config) as client:
        for _ in range(8):
            try:
                answers.append(client.measure(measure, by=dice.choice(BREAKDOWNS), where=dice.choice(FILTERS), profile="public"))
            except DisclosureError:
                continue
    assert answers
    sizes = [people[district][sex][0] for district, sex in ATOMS]
    if measure == "residents":
        lower, upper = attacked([known for answer in answers for known in known_of(answer, "residents_count")])
        tested = sizes
    else:
        given = [people[district][sex][1] for district, sex in ATOMS]
        parts, wholes = (
            [known for answer in answers for known in known_of(answer, column)] for column in ("vaccinated_count", "eligible_count")
        )
        lower, upper = attacked(parts, complement_of=wholes)
        tested = [*given, *sizes, *(size - part for size, part in zip(sizes, given, strict=True))]
    for place, value in enumerate(tested):
        assert lower[place] <= value <= upper[place]
        if 0 < value < 10:
            assert upper[place] >= 10 and upper[place] - lower[place] >= 10, (place, value)
    assert audit_gate(config, engine=ToyEngine()) == ()


def test_the_audit_finds_what_two_gates_that_did_not_know_each_other_published(tmp_path: Path) -> None:
    config = make_workspace(tmp_path)
    with serving(config), GateClient.connect(config) as client:
        client.measure("residents", by=["district", "sex"], profile="public")
    other = make_workspace(tmp_path / "other")
    with serving(other), GateClient.connect(other) as client:
        client.measure("residents", by=["district"], profile="public")
    from daicho.gate.release_ledger import ReleaseLedger

    ours, theirs = ReleaseLedger(config.releases_dir), ReleaseLedger(other.releases_dir)
    for recorded in theirs.all():
        ours.record(recorded, theirs.read(recorded.release_id))
    proof = prove_public(config, engine=ToyEngine())
    assert proof.releases == 2
    assert [finding.severity for finding in proof.findings] == ["error"]
