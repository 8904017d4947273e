"""Which figures are withheld: tables in, tables out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gate.toy import REPOSITORY

from daicho.gate.profiles import Profile, load_disclosure
from daicho.gate.release import STATUSES
from daicho.gate.suppression import PAYEES_COLUMN, THRESHOLD_COLUMN, ValueRule, protect

COVERAGE = (
    ValueRule("eligible", "count", contributors=("eligible",)),
    ValueRule("vaccinated", "count", contributors=("vaccinated",)),
    ValueRule("rate", "rate", numerator="vaccinated", denominator="eligible"),
)
PAYMENT = (
    ValueRule("doses", "count", contributors=("persons",)),
    ValueRule("screenings", "count", contributors=("persons",)),
    ValueRule("gross_yen", "yen", contributors=("persons",)),
)


def profile(name: str) -> Profile:
    return load_disclosure(REPOSITORY / "data_contracts").profiles[name]


def coverage_row(eligible: int | None, vaccinated: int | None, under: Profile) -> tuple[str, str, str]:
    """The row as a reader sees it: numbers, 0, ＊ withheld, － not applicable."""
    frame = pl.DataFrame({"eligible": [eligible], "vaccinated": [vaccinated]}, schema={"eligible": pl.Int64, "vaccinated": pl.Int64})
    return written(
        protect(frame, dimensions=(), values=COVERAGE, profile=under).frame.row(0, named=True), ("eligible", "vaccinated", "rate")
    )


def written(row: dict[str, Any], names: tuple[str, ...]) -> Any:
    marks = {"suppressed": "＊", "not_applicable": "－"}
    for name in names:
        assert (row[name] is None) == (row[f"{name}_status"] in marks)
        assert (row[f"{name}_status"] == "zero") == (row[name] == 0)
    return tuple(marks.get(row[f"{name}_status"]) or f"{row[name]:.12g}" for name in names)


@pytest.mark.parametrize(
    ("eligible", "vaccinated", "internal", "public"),
    [
        (100, 50, ("100", "50", "0.5"), ("100", "50", "0.5")),
        (100, 90, ("100", "90", "0.9"), ("100", "90", "0.9")),
        (100, 91, ("100", "91", "0.91"), ("100", "＊", "＊")),
        (100, 95, ("100", "95", "0.95"), ("100", "＊", "＊")),
        (100, 100, ("100", "100", "1"), ("100", "＊", "＊")),
        (100, 0, ("100", "0", "0"), ("100", "＊", "＊")),
        (100, 9, ("100", "＊", "＊"), ("100", "＊", "＊")),
        (100, 10, ("100", "10", "0.1"), ("100", "10", "0.1")),
        (100, 1, ("100", "＊", "＊"), ("100", "＊", "＊")),
        (9, 0, ("＊", "0", "＊"), ("＊", "＊", "＊")),
        (9, 9, ("＊", "＊", "＊"), ("＊", "＊", "＊")),
        (1, 1, ("＊", "＊", "＊"), ("＊", "＊", "＊")),
        (10, 10, ("10", "10", "1"), ("10", "＊", "＊")),
        (0, 0, ("0", "0", "－"), ("0", "0", "－")),
        (300, 200, ("300", "200", "0.666666666667"), ("300", "200", "0.667")),
        (2000, 25, ("2000", "25", "0.0125"), ("2000", "25", "0.013")),
        (None, None, ("－", "－", "－"), ("－", "－", "－")),
    ],
)
def test_coverage_is_masked_as_each_profile_says(
    eligible: int | None, vaccinated: int | None, internal: tuple[str, ...], public: tuple[str, ...]
) -> None:
    assert coverage_row(eligible, vaccinated, profile("internal")) == internal
    assert coverage_row(eligible, vaccinated, profile("public")) == public


@pytest.mark.parametrize("name", ["statutory", "settlement"])
def test_statutory_and_settlement_figures_are_exact(name: str) -> None:
    assert coverage_row(3, 1, profile(name)) == ("3", "1", "0.333333333333")


def payment_row(doses: int, screenings: int, gross_yen: int, persons: int, under: Profile, **extra: int) -> Any:
    frame = pl.DataFrame(
        {"doses": [doses], "screenings": [screenings], "gross_yen": [gross_yen], "persons": [persons], **{k: [v] for k, v in extra.items()}}
    )
    return written(
        protect(frame, dimensions=(), values=PAYMENT, profile=under).frame.row(0, named=True), ("doses", "screenings", "gross_yen")
    )


def test_twelve_doses_of_one_person_are_one_person() -> None:
    assert payment_row(12, 0, 120_000, 1, profile("internal")) == ("＊", "0", "＊")


def test_yen_go_with_any_withheld_count_of_their_row() -> None:
    assert payment_row(40, 3, 500_000, 43, profile("internal")) == ("40", "＊", "＊")
    assert payment_row(40, 0, 500_000, 40, profile("internal")) == ("40", "0", "500000")


def test_figures_of_fewer_than_three_payees_are_withheld_from_the_public() -> None:
    under = profile("public")
    assert payment_row(40, 20, 500_000, 60, under, **{PAYEES_COLUMN: 2}) == ("＊", "＊", "＊")
    assert payment_row(40, 20, 500_000, 60, under, **{PAYEES_COLUMN: 3}) == ("40", "20", "500000")


def test_an_area_of_few_inhabitants_has_its_own_threshold_and_a_tiny_one_shows_nothing() -> None:
    frame = pl.DataFrame(
        {"eligible": [40, 40, 40, 0], "vaccinated": [15, 15, 15, 0], THRESHOLD_COLUMN: [10, 20, None, None]},
        schema_overrides={THRESHOLD_COLUMN: pl.Int64},
    )
    released = protect(frame, dimensions=(), values=COVERAGE, profile=profile("public")).frame
    rows = [written(row, ("eligible", "vaccinated", "rate")) for row in released.iter_rows(named=True)]
    assert rows == [("40", "15", "0.375"), ("40", "＊", "＊"), ("＊", "＊", "＊"), ("＊", "＊", "＊")]


def test_the_area_bands_follow_the_population() -> None:
    public = profile("public")
    assert [public.area_threshold(n) for n in (1_999, 2_000, 24_999, 25_000, None)] == [None, 20, 20, 10, 20]


def test_numerators_that_may_add_up_to_their_denominator_are_withheld_together() -> None:
    values = (
        ValueRule("eligible", "count"),
        ValueRule("vaccinated", "count"),
        ValueRule("unvaccinated", "count"),
        ValueRule("rate", "rate", numerator="vaccinated", denominator="eligible"),
        ValueRule("rest_rate", "rate", numerator="unvaccinated", denominator="eligible"),
    )
    frame = pl.DataFrame({"eligible": [100], "vaccinated": [95], "unvaccinated": [5]})
    names = ("eligible", "vaccinated", "unvaccinated", "rate", "rest_rate")
    row = protect(frame, dimensions=(), values=values, profile=profile("public")).frame.row(0, named=True)
    assert written(row, names) == ("100", "＊", "＊", "＊", "＊")
    # The division's own papers mask the small count and what is computed from it, and nothing beside it.
    row = protect(frame, dimensions=(), values=values, profile=profile("internal")).frame.row(0, named=True)
    assert written(row, names) == ("100", "95", "＊", "0.95", "＊")


def test_the_complement_is_tested_in_persons_where_figures_count_something_else() -> None:
    values = (
        ValueRule("planned", "count", contributors=("planned_persons",)),
        ValueRule("given", "count", contributors=("given_persons",)),
        ValueRule("rate", "rate", numerator="given", denominator="planned"),
    )
    frame = pl.DataFrame({"planned": [200], "given": [150], "planned_persons": [60], "given_persons": [55]})
    row = protect(frame, dimensions=(), values=values, profile=profile("public")).frame.row(0, named=True)
    assert written(row, ("planned", "given", "rate")) == ("200", "＊", "＊")


def test_withheld_cells_are_counted_and_contributors_do_not_leave() -> None:
    frame = pl.DataFrame({"district": ["A", "B"], "doses": [40, 3], "screenings": [0, 0], "gross_yen": [9, 9], "persons": [40, 3]})
    protected = protect(frame, dimensions=("district",), values=PAYMENT, profile=profile("internal"))
    assert (protected.cells, protected.suppressed_cells) == (6, 2)
    assert "persons" not in protected.frame.columns


def test_few_persons_behind_many_missing_doses_are_protected() -> None:
    values = (
        ValueRule("planned", "count", contributors=("planned_persons",)),
        ValueRule("given", "count", contributors=("given_persons",)),
        ValueRule("rate", "rate", contributors=("missing_persons",), numerator="given", denominator="planned"),
    )
    frame = pl.DataFrame({"planned": [200], "given": [188], "planned_persons": [50], "given_persons": [50], "missing_persons": [4]})
    row = protect(frame, dimensions=(), values=values, profile=profile("public")).frame.row(0, named=True)
    assert written(row, ("planned", "given", "rate")) == ("200", "＊", "＊")


def test_rows_that_are_no_people_are_never_withheld() -> None:
    frame = pl.DataFrame({"rows": [1, 0]})
    values = (ValueRule("rows", "count", is_personal=False),)
    released = protect(frame, dimensions=(), values=values, profile=profile("public")).frame
    assert released["rows_status"].to_list() == ["value", "zero"]


counts = st.integers(min_value=0, max_value=40)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.tuples(counts, counts), min_size=1, max_size=30), name=st.sampled_from(["internal", "public"]), k=st.integers(2, 30)
)
def test_no_withheld_figure_follows_from_the_rest_of_its_row(rows: list[tuple[int, int]], name: str, k: int) -> None:
    pairs = [(max(pair), min(pair)) for pair in rows]
    under = replace(profile(name), threshold=k)
    frame = pl.DataFrame(pairs, schema={"eligible": pl.Int64, "vaccinated": pl.Int64}, orient="row")
    released = protect(frame, dimensions=(), values=COVERAGE, profile=under).frame
    for (eligible, vaccinated), row in zip(pairs, released.iter_rows(named=True), strict=True):
        shown = {column for column in ("eligible", "vaccinated", "rate") if row[column] is not None}
        assert all(row[f"{column}_status"] in STATUSES for column in ("eligible", "vaccinated", "rate"))
        # Two of the three always give the third; the rate alone with one count does too.
        if "rate" in shown:
            assert {"eligible", "vaccinated"} <= shown
        if "eligible" in shown:
            assert not 0 < eligible < k
        if "vaccinated" in shown:
            assert not 0 < vaccinated < k
        if name == "public" and {"eligible", "vaccinated"} <= shown:
            assert not 0 < eligible - vaccinated < k
            assert eligible == 0 or 0 < vaccinated < eligible
        if "rate" in shown and eligible:
            assert row["rate"] == pytest.approx(vaccinated / eligible, abs=0.0005 + 1e-12)
