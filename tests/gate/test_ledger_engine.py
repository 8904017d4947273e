"""The real measures and reference data as the gate sees them; no vault is opened here."""

from __future__ import annotations

from datetime import date

import pytest
from tests.gate.toy import REPOSITORY

from daicho.core.config import Config, load_config
from daicho.core.errors import UsageError
from daicho.gate.ledger_engine import LedgerEngine
from daicho.gate.profiles import load_disclosure
from daicho.gate.release import canonical_json

ASKED = {"vaccine": "MR", "dose": "1期"}


@pytest.fixture(scope="module")
def engine() -> LedgerEngine:
    return LedgerEngine(_config())


def _config() -> Config:
    return load_config(REPOSITORY)


def test_every_figure_of_every_measure_is_protected_by_the_columns_its_query_returns(engine: LedgerEngine) -> None:
    for name, spec in engine.measures().items():
        where = {filter_: [ASKED.get(filter_, "1")] for filter_ in spec.required_filters}
        parameters = {key: date(2026, 3, 31) if item.type == "date" else 2025 for key, item in spec.parameters.items() if item.required}
        query = engine.compile(name, by=[], where=where, parameters=parameters, snapshot=1)
        counts = {rule.name for rule in spec.rules if rule.kind == "count"}
        assert spec.rules, name
        for rule in spec.rules:
            assert all(f'"{column}"' in query.sql for column in rule.contributors), (name, rule.name)
            if rule.kind == "rate":
                assert {rule.numerator, rule.denominator} <= counts
            elif spec.card["privacy_unit"] != "none":
                assert rule.contributors, f"{name}.{rule.name} says nothing about the persons behind it"
        assert not spec.counts_payees or "__payees" in query.sql, name


def test_cards_are_plain_data(engine: LedgerEngine) -> None:
    for spec in engine.measures().values():
        assert canonical_json(spec.card)
        assert {"name", "title", "values", "dimensions", "filters", "required_filters", "parameters"} <= set(spec.card)


def test_the_disclosure_rules_name_measures_and_dimensions_that_exist(engine: LedgerEngine) -> None:
    rules = load_disclosure(REPOSITORY / "data_contracts")
    measures = engine.measures()
    dimensions = {name for spec in measures.values() for name in spec.dimensions}
    assert set().union(*rules.joint_measures) <= set(measures)
    assert rules.event_dimensions <= dimensions
    for profile in rules.profiles.values():
        assert set(profile.area_dimensions) <= dimensions
        assert {*(profile.payee_dimensions or {})} <= dimensions


def test_unknown_filter_values_are_refused_without_a_word_about_them(engine: LedgerEngine) -> None:
    with pytest.raises(UsageError) as refused:
        engine.compile("annual_counts", by=[], where={"vaccine": ["山田花子"]}, parameters={"fiscal_year": 2025}, snapshot=1)
    assert "山田" not in str(refused.value)


def test_areas_have_their_inhabitants(engine: LedgerEngine) -> None:
    assert min(engine.area_population("district").values()) > 25_000
    assert engine.area_population("sex") == {}


def test_a_return_rests_on_what_reference_data_names(engine: LedgerEngine) -> None:
    assert "予防接種法" in engine.legal_basis("annual_counts", on=date(2026, 3, 31))
    assert engine.legal_basis("residents", on=None) == ""


def test_figures_from_an_illustrative_price_list_are_unverified(engine: LedgerEngine) -> None:
    assert engine.is_unverified("consignment_payments", where={})
    assert not engine.is_unverified("intake_quality", where={})


def test_the_fingerprint_tells_measures_with_other_reference_data_apart(engine: LedgerEngine) -> None:
    assert engine.fingerprint("consignment_payments") != engine.fingerprint("intake_quality")
    assert engine.fingerprint("residents") == LedgerEngine(_config()).fingerprint("residents")
