"""The rules of the ledger's errors, each by an example worked by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from tests.measures.mart_factory import Event, Ledger, Person, ask, build_mart, reference_tables
from tests.measures.people import dose, on, resident

from daicho.core.errors import UsageError
from daicho.measures import catalogue, resolve_filters

CHILD = resident(1, "2024-06-10")
GIRL, BOY = resident(2, "2012-06-10", sex="2"), resident(3, "2012-06-10", sex="1")
ELDER = resident(4, "1955-05-05", since="2000-01-01")
STRANGER = Person(5, None, "0", (), "unknown", is_registered=False)
BATCHES = ((1, "vaccination", on("2026-11-24"), "a", "doses.csv", True), (2, "vaccination", on("2026-12-20"), "b", "more.csv", True))
NOTICES = pl.concat(
    [
        reference_tables()["lot_notice"].clear(),
        pl.DataFrame(
            {"vaccine_code": ["MR"], "lot_number": ["ab 12"], "expires_on": [on("2025-08-31")], "recalled_on": [on("2025-08-15")]}
        ),
    ],
    how="diagonal",
)


def ledger(*events: Event) -> Ledger:
    return Ledger((CHILD, GIRL, BOY, ELDER, STRANGER), events, batches=BATCHES, reference={"lot_notice": NOTICES})


def found(*events: Event, **request: Any) -> dict[str, int]:
    """Rule to records in error, without the rules that nothing breaks."""
    with build_mart(ledger(*events)) as connection:
        frame = ask(connection, "error_checks", **request)
    return {rule: count for rule, count in frame.select("rule", "errors_count").iter_rows() if count}


@pytest.mark.parametrize(
    ("event", "rules"),
    [
        (dose(1, "MR-1", "2025-07-01"), set()),
        (dose(1, "MR-1", None), {"no_date"}),
        (dose(1, "MR-1", "2024-06-09"), {"before_birth"}),
        (dose(1, "MR-1", "2026-11-25"), {"after_receipt"}),
        (dose(1, "MR-1", "2025-06-08"), {"too_early"}),  # 生後12月 are reached on 9 June
        (dose(1, "MR-1", "2025-06-09"), set()),
        (dose(1, "MR-1", "2026-06-09"), set()),
        (dose(1, "MR-1", "2026-06-10"), {"too_late"}),
        (dose(5, "MR-1", "2025-07-01"), {"not_in_register"}),
        (dose(4, "FLU-E-1", "2025-05-01"), {"out_of_season"}),
        (dose(2, "HPV9-1", "2025-05-01"), set()),
        (dose(3, "HPV9-1", "2025-05-01"), {"wrong_sex"}),
        (dose(2, "HB-1", "2012-08-10"), set()),  # 任意: not yet routine for whoever was born then
        (dose(4, "FLU-E-1", "1999-12-31"), {"not_resident", "too_early"}),
    ],
)
def test_one_record_breaks_these_rules_and_is_one_record_in_error(event: Event, rules: set[str]) -> None:
    assert found(event) == dict.fromkeys([*rules, *(("any",) if rules else ())], 1)


def test_a_history_from_before_moving_in_that_nobody_paid_is_no_error_and_a_paid_one_is() -> None:
    moved_in = resident(1, "2024-06-10", since="2025-09-01")
    for paid_month, expected in ((None, 0), (202512, 1)):
        with build_mart(Ledger([moved_in], [dose(1, "MR-1", "2025-07-01", paid_month=paid_month)], batches=BATCHES)) as connection:
            frame = ask(connection, "error_checks", where={"rule": ["not_resident"]})
        assert frame["errors_count"].to_list() == [expected]


def test_interval_order_count_and_live_vaccines() -> None:
    first = dose(1, "DPT-IPV-HIB-11", "2024-09-01")
    assert found(first, dose(1, "DPT-IPV-HIB-12", "2024-09-21")) == {"interval_too_short": 1, "any": 1}
    assert found(first, dose(1, "DPT-IPV-HIB-12", "2024-09-22")) == {}
    assert found(first, dose(1, "DPT-IPV-HIB-12", "2024-08-31")) == {"order_reversed": 1, "any": 1}
    assert found(first, dose(1, "DPT-IPV-HIB-11", "2024-10-01")) == {"too_many": 1, "any": 1}
    assert found(dose(1, "MR-1", "2025-07-01"), dose(1, "VAR-1", "2025-07-28")) == {"live_interval": 1, "any": 1}
    assert found(dose(1, "MR-1", "2025-07-01"), dose(1, "VAR-1", "2025-07-29")) == {}


def test_two_stages_of_one_vaccine_on_one_day_are_both_named() -> None:
    assert found(dose(1, "HB-1", "2024-09-01"), dose(1, "HB-2", "2024-09-01")) == {"same_day": 2, "order_reversed": 1, "any": 2}


def test_the_last_day_of_a_lot_is_its_expiry_date_and_a_recall_begins_on_its_day() -> None:
    days = {"2025-08-14": [], "2025-08-15": ["lot_recalled"], "2025-08-31": ["lot_recalled"], "2025-09-01": ["lot_expired", "lot_recalled"]}
    for day, rules in days.items():
        assert sorted(set(found(dose(1, "MR-1", day, lot="AB12"))) - {"any"}) == rules
    assert found(dose(1, "MR-1", "2025-09-01", lot="AB13")) == {}
    assert found(dose(1, "VAR-1", "2025-09-01", lot="AB12")) == {}, "a lot of another vaccine"


def test_a_record_that_breaks_three_rules_counts_once_in_any() -> None:
    assert found(dose(1, "MR-1", "2026-07-01", lot="ab12")) == {"too_late": 1, "lot_expired": 1, "lot_recalled": 1, "any": 1}


def test_records_of_a_later_delivery_are_asked_for_by_its_number() -> None:
    events = (dose(1, "MR-1", None), dose(1, "VAR-1", None, batch=2), dose(2, "HB-1", None, batch=2))
    assert found(*events, after_batch=1, where={"rule": ["any"]}) == {"any": 2}


def test_every_rule_has_a_row_in_every_cell_and_the_same_records_checked() -> None:
    with build_mart(ledger(dose(1, "MR-1", "2025-07-01"), dose(1, "VAR-1", "2025-07-01"))) as connection:
        frame = ask(connection, "error_checks", by=("vaccine",))
    assert frame.group_by("vaccine").len()["len"].to_list() == [18, 18]
    assert set(frame["doses_checked_count"]) == {1}


def test_a_rule_of_intake_is_no_rule_of_the_ledger_but_lots_are_no_dimension() -> None:
    measure = catalogue()["error_checks"]
    assert not {"lot", "birth_fy", "person"} & set(measure.dimensions)
    with pytest.raises(UsageError):
        resolve_filters(measure, {"lot": ["AB12"]}, reference_tables())
