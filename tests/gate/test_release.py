"""A release and its bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pyarrow as pa
import pytest

from daicho.core.errors import VaultError
from daicho.gate.release import ColumnFacts, Facts, Release, facts_as_data, facts_from_data, release_from_bytes, release_to_bytes

FACTS = Facts(
    release_id="R1",
    measure="coverage_cohort",
    title="到達コホート接種率",
    title_en="Coverage",
    by=("district",),
    where={"vaccine": ("MR",)},
    parameters={"as_of": "2026-04-01", "fiscal_year": 2025},
    profile="internal",
    profile_label="庁内用",
    marking="庁内限り",
    strictness=1,
    snapshot=3,
    as_of=date(2026, 4, 1),
    purpose="検討",
    recipient="港区",
    legal_basis="",
    source="台帳",
    notes=("注",),
    cells=2,
    suppressed_cells=1,
    audit="not_required",
    columns=(ColumnFacts("n", "人数", "Persons", "count", "人"),),
    unverified=False,
)


def release(values: list[int | None]) -> Release:
    frame = pl.DataFrame({"district": ["A", "B"], "n": values, "n_status": ["value", "suppressed"]})
    return Release(frame=frame, facts=FACTS)


def test_a_release_survives_the_wire() -> None:
    read = release_from_bytes(release_to_bytes(release([12, None])))
    assert read.facts == FACTS
    assert read.frame.equals(release([12, None]).frame)


def test_equal_releases_have_equal_bytes_however_their_frames_were_made() -> None:
    whole = release([12, None])
    pieces = Release(frame=pl.concat([whole.frame[:1], whole.frame[1:]], rechunk=False), facts=FACTS)
    assert release_to_bytes(whole) == release_to_bytes(pieces)


def test_a_withheld_value_is_not_left_in_the_buffer_under_its_null() -> None:
    secret = 0x5EC2E7
    frame = pl.DataFrame({"n": [12, secret], "n_status": ["value", "suppressed"]})
    masked = frame.with_columns(pl.when(pl.col("n_status") == "suppressed").then(None).otherwise(pl.col("n")).alias("n"))
    beneath = masked.to_arrow()["n"].chunk(0).buffers()[1].to_pybytes()
    assert secret.to_bytes(8, "little") in beneath, "polars no longer keeps the value beneath a null: this test has lost its point"
    assert secret.to_bytes(8, "little") not in release_to_bytes(Release(frame=masked, facts=FACTS))


def test_facts_become_plain_data_and_back() -> None:
    assert facts_from_data(facts_as_data(FACTS)) == FACTS
    assert facts_from_data(facts_as_data(replace(FACTS, as_of=None))).as_of is None


@pytest.mark.parametrize("body", [b"", b"not arrow", pa.BufferOutputStream().getvalue().to_pybytes()])
def test_what_is_no_release_is_refused(body: bytes) -> None:
    with pytest.raises(VaultError):
        release_from_bytes(body)
