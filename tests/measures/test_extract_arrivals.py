"""When the extracts came, and how late the next one is."""

from __future__ import annotations

from typing import Any

import polars as pl
from tests.measures.mart_factory import Ledger, reference_tables
from tests.measures.people import on, table

FILES = (
    (1, "resident", on("2026-09-01"), "a", "resident.csv", False),
    (2, "vaccination", on("2026-09-01"), "b", "doses.csv", True),
    (3, "vaccination", on("2026-09-01"), "c", "other_wards.csv", True),
    (4, "resident", on("2026-10-05"), "d", "resident.csv", True),
    (5, "payment_decision", on("2026-10-20"), "e", "decisions.csv", True),
)
EXPECTED = pl.DataFrame(
    {"kind": ["resident", "vaccination", "welfare", "welfare"], "interval_days": [31, 31, 31, 7]},
    schema_overrides={"interval_days": pl.Int32},
).with_columns(
    valid_from=pl.Series([None, None, None, on("2027-01-01")], dtype=pl.Date),
    valid_to=pl.Series([None, None, on("2026-12-31"), None], dtype=pl.Date),
)
REFERENCE = {"extract_interval": pl.concat([reference_tables()["extract_interval"].clear(), EXPECTED], how="diagonal")}
VALUES = ("files_count", "days_since_count", "interval_days_count", "delay_days_count")


def arrivals(*by: str, values: tuple[str, ...] = VALUES, **request: Any) -> dict[Any, Any]:
    return table(Ledger(batches=FILES, reference=REFERENCE), "extract_arrivals", by=by, values=values, **request)


def test_days_count_from_the_newest_file_of_any_kind_where_no_day_is_given() -> None:
    assert arrivals("kind") == {
        "payment_decision": (1, 0, None, None),  # nobody expects one
        "resident": (2, 15, 31, 0),
        "vaccination": (2, 49, 31, 18),
        "welfare": (0, None, 31, None),  # expected, and never came
    }


def test_the_last_day_of_the_interval_is_not_late_and_the_next_is() -> None:
    late = {day: arrivals("kind", values=("delay_days_count",), as_of=on(day))["resident"] for day in ("2026-11-05", "2026-11-06")}
    assert late == {"2026-11-05": 0, "2026-11-06": 1}


def test_files_after_the_day_are_not_seen_and_the_interval_is_the_one_in_force_that_day() -> None:
    assert arrivals("kind", as_of=on("2026-09-30"))["resident"] == (1, 29, 31, 0)
    assert arrivals("kind", values=("interval_days_count",), as_of=on("2027-01-01"))["welfare"] == 7


def test_files_by_month() -> None:
    assert arrivals("received_month", values=("files_count",), where={"kind": ["resident", "vaccination"]}) == {
        202609: 3,
        202610: 1,
        None: 0,
    }
