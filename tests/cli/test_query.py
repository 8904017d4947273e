"""`daicho query`: one release on the shell, in every form, and every refusal with its sentence and exit code."""

from __future__ import annotations

import codecs
import csv
import io
import stat
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.cli.shell import Outcome, daicho, program

from daicho.core.config import Config
from daicho.gate.process import running_gate

COUNTS = ("query", "annual_counts", "--by", "vaccine", "--fiscal-year", "2025")
DOSES = {"BCG": 153, "DPT-IPV-HIB": 424, "MR": 339}
MR_1 = ("--where", "vaccine=MR", "--where", "dose=1期", "--as-of", "2026-03-31")


@pytest.fixture(scope="module")
def office(ward: Config) -> Iterator[Config]:
    """The small ward with its gate running, so that a query need not start one."""
    with running_gate(ward):
        yield ward


def rows(outcome: Outcome) -> list[dict[str, str]]:
    assert outcome.code == 0, outcome.err
    return list(csv.DictReader(io.StringIO(outcome.out)))


def test_csv_and_json_on_standard_output_are_data_alone(office: Config) -> None:
    given = daicho(office, *COUNTS, "--format", "csv")
    assert {row["vaccine"]: int(row["doses_count"]) for row in rows(given)} == DOSES
    assert {row["doses_count_status"] for row in rows(given)} == {"value"}
    assert given.err.startswith("R") and "snapshot 1, profile internal" in given.err
    assert {row["vaccine"]: row["doses_count"] for row in daicho(office, *COUNTS, "--format", "json").data()} == DOSES


@pytest.mark.parametrize("style", ["table", "csv", "json", "parquet"])
def test_every_format_goes_to_a_file(office: Config, tmp_path: Path, style: str) -> None:
    target = tmp_path / f"out.{style}"
    done = daicho(office, *COUNTS, "--format", style, "-o", target)
    assert (done.code, done.out) == (0, "") and "profile internal" in done.err
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert stat.S_ISREG(target.stat().st_mode)
    if style == "parquet":
        frame = pl.read_parquet(target)
        assert dict(frame.select("vaccine", "doses_count").iter_rows()) == DOSES
        assert frame["doses_count_status"].to_list() == ["value"] * 3
    elif style == "csv":
        assert target.read_bytes().startswith(codecs.BOM_UTF8)
        assert dict(pl.read_csv(target).select("vaccine", "doses_count").iter_rows()) == DOSES
    else:
        assert "五種混合" in target.read_text(encoding="utf-8")


def test_a_figure_withheld_has_a_status_and_no_value(office: Config, tmp_path: Path) -> None:
    asked = ("query", "coverage_cohort", "--by", "birth_fy", *MR_1)
    last = rows(daicho(office, *asked, "--format", "csv"))[-1]
    assert (last["vaccinated_count"], last["vaccinated_count_status"], last["eligible_count_status"]) == ("", "suppressed", "value")
    daicho(office, *asked, "--format", "parquet", "-o", tmp_path / "a.parquet")
    frame = pl.read_parquet(tmp_path / "a.parquet")
    assert frame.filter(frame["vaccinated_count_status"] == "suppressed")["vaccinated_count"].is_null().all()
    assert daicho(office, *asked).out.splitlines()[-1].split()[3:5] == ["*", "*"]


def test_without_a_terminal_the_real_program_writes_data_alone(office: Config) -> None:
    assert {row["vaccine"]: int(row["doses_count"]) for row in rows(program(office, *COUNTS, "--format", "csv"))} == DOSES


@pytest.mark.parametrize(
    "filters",
    [
        ("--where", "vaccine=MR,BCG"),
        ("--where", "vaccine=MR", "--where", "vaccine=BCG"),
        ("--where", "vaccine=MR, BCG"),
        ("--where", "vaccine=BCG,BCG,MR"),
    ],
)
def test_filter_values_add_up_however_they_are_given(office: Config, filters: tuple[str, ...]) -> None:
    found = rows(daicho(office, *COUNTS, *filters, "--format", "csv"))
    assert {row["vaccine"]: int(row["doses_count"]) for row in found} == {"BCG": 153, "MR": 339}


def test_filters_take_codes_and_labels_alike(office: Config) -> None:
    asked = ("query", "coverage_cohort", "--by", "birth_fy", "--as-of", "2026-03-31", "--format", "csv", "--where", "vaccine=MR")
    by_label = daicho(office, *asked, "--where", "dose=1期", "--where", "district=芝,赤坂").out
    assert daicho(office, *asked, "--where", "dose=MR-1", "--where", "district=shiba", "--where", "district=akasaka").out == by_label
    assert daicho(office, *asked[:-1], "vaccine=MR,dose=1期,district=芝,赤坂").out == by_label


def test_dimensions_come_as_a_list_or_one_by_one(office: Config) -> None:
    asked = ("query", "annual_counts", "--fiscal-year", "2025", "--format", "csv")
    header = daicho(office, *asked, "--by", "vaccine,sex").out.splitlines()[0]
    assert header.startswith("vaccine,vaccine_label,sex,sex_label,")
    assert daicho(office, *asked, "--by", "vaccine", "--by", "sex").out.splitlines()[0] == header
    assert daicho(office, *asked, "--by", "vaccine, sex").out.splitlines()[0] == header


@pytest.mark.parametrize("profile", ["internal", "public", "statutory"])
def test_profile_snapshot_and_purpose_reach_the_release(office: Config, profile: str) -> None:
    done = daicho(office, *COUNTS, "--profile", profile, "--snapshot", "1", "--purpose", "検査の目的")
    assert done.code == 0 and f"snapshot 1, profile {profile}" in done.err
    assert "検査の目的" in (office.log_dir / "access.jsonl").read_text(encoding="utf-8").splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("query", "coverage"), "there is no measure coverage"),
        ((*COUNTS, "--by", "lot"), "has no dimension lot"),
        ((*COUNTS, "--by", "birth_date"), "has no dimension birth_date"),
        ((*COUNTS, "--where", "person=1"), "has no filter person"),
        ((*COUNTS, "--where", "vaccine=なし"), "filter value"),
        ((*COUNTS, "--profile", "everybody"), "no profile everybody"),
        ((*COUNTS, "--where", "vaccine"), "NAME=VALUE"),
        ((*COUNTS, "--where", "vaccine="), "empty value"),
        ((*COUNTS, "--where", "=MR"), "NAME=VALUE"),
        ((*COUNTS, "-p", "nothing=1"), "takes no parameter nothing"),
        ((*COUNTS, "--snapshot", "new"), "not a valid integer"),
        ((*COUNTS, "--format", "xml"), "xml"),
        (("query", "coverage_cohort", "--by", "birth_fy"), "needs a filter on vaccine"),
        (("query", "coverage_cohort", "--where", "vaccine=MR"), "needs a filter on dose"),
        (("query", "coverage_cohort", *MR_1[:-1], "2026-02-30"), "must be a date"),
        (("query", "coverage_cohort", *MR_1[:-1], "令和8年"), "must be a date"),
        (("query", "annual_counts", "--fiscal-year", "R7"), "not a valid integer"),
        (("query", "annual_counts", "--fiscal-year", "99999"), "catalogue"),
    ],
)
def test_what_is_not_in_the_vocabulary_is_refused_with_exit_2(office: Config, arguments: tuple[str, ...], sentence: str) -> None:
    refused = daicho(office, *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert sentence in refused.sentence and len(refused.err.splitlines()) == 1


def test_an_output_that_cannot_be_written_leaves_nothing(office: Config, tmp_path: Path) -> None:
    refused = daicho(office, *COUNTS, "-o", tmp_path / "absent" / "a.csv")
    assert refused.code == 2 and "does not exist" in refused.sentence
    assert daicho(office, *COUNTS, "-o", tmp_path).code == 2
    assert not list(tmp_path.iterdir())


def test_a_failed_query_leaves_an_earlier_file_as_it_was(office: Config, tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("before", encoding="utf-8")
    assert daicho(office, *COUNTS, "--by", "lot", "-o", target).code == 2
    assert target.read_text(encoding="utf-8") == "before"
    assert daicho(office, *COUNTS, "-o", target, "--format", "csv").code == 0
    assert target.read_bytes().startswith(codecs.BOM_UTF8)


def test_an_empty_vault_says_what_to_do_first(workspace: Config) -> None:
    refused = daicho(workspace, *COUNTS)
    assert refused.code == 5 and refused.out == ""
