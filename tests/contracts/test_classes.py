from __future__ import annotations

from daicho.contracts.classes import Classification, Treatment, class_rule, is_weaker


def test_direct_identifiers_are_dropped_and_never_kept() -> None:
    rule = class_rule(Classification.DIRECT)
    assert rule.treatment is Treatment.DROP
    assert not rule.kept_in_vault and not rule.may_be_dimension and not rule.allowed_in_output


def test_only_released_figures_may_stand_in_released_tables() -> None:
    assert [item for item in Classification if class_rule(item).allowed_in_output] == [Classification.RELEASED]
    assert not class_rule(Classification.RELEASED).allowed_in_extract


def test_identifiers_keys_and_dates_are_never_dimensions() -> None:
    closed = {item for item in Classification if not class_rule(item).may_be_dimension}
    assert closed == {Classification.DIRECT, Classification.KEY, Classification.QUASI}


def test_every_class_has_its_own_strength_and_letter() -> None:
    rules = [class_rule(item) for item in Classification]
    assert len({rule.strength for rule in rules}) == len({rule.letter for rule in rules}) == len(rules)


def test_a_class_is_weaker_than_a_stricter_one_only() -> None:
    assert is_weaker(Classification.OPERATIONAL, than=Classification.DIRECT)
    assert is_weaker(Classification.QUASI, than=Classification.KEY)
    assert not is_weaker(Classification.DIRECT, than=Classification.OPERATIONAL)
    assert not is_weaker(Classification.KEY, than=Classification.KEY)
