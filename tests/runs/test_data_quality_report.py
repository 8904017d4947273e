"""The report of intake quality and errors, sealed, from a vault to files."""

from __future__ import annotations

import polars as pl
import pytest
from tests.conftest import TODAY

from daicho.core.config import Config
from daicho.measures.error_vocabulary import ANY, ERROR_RULES
from daicho.runs.jobs import plan_job
from daicho.runs.run import RunResult, run_reports
from daicho.seal.apply import seal_available

pytestmark = pytest.mark.skipif(not seal_available(), reason="this kernel has no Landlock, so no notebook can be sealed")


@pytest.fixture(scope="module")
def finished(ward: Config) -> RunResult:
    job = plan_job(ward, "data_quality", parameters={"earlier_snapshot": 1}, today=TODAY)
    return run_reports([job], name="test", config=ward, today=TODAY, purpose="テスト")


def test_every_rule_and_the_total_stand_in_the_table_of_errors(finished: RunResult) -> None:
    errors = pl.read_csv(finished.folder / "data" / "errors_by_rule.csv")
    assert set(errors["rule"]) == {*ERROR_RULES, ANY}
    assert errors["doses_checked_count"].n_unique() == 1
    assert (finished.folder / "data_quality.pdf").read_bytes().startswith(b"%PDF")


def test_compared_with_the_same_snapshot_nothing_is_new(finished: RunResult) -> None:
    page = (finished.folder / "data_quality.html").read_text(encoding="utf-8")
    assert "台帳スナップショット1と1とを比べた。" in page and "誤りの新規と解消" in page
