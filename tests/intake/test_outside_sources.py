"""Columns of an outside source: 記録元 with a rule on which records count, and 抽出ウェイト."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import TODAY
from tests.intake.extract_factory import RESIDENT, VACCINATION, write_extract

from daicho.core.config import Config, load_config
from daicho.core.errors import DataError, UsageError
from daicho.intake.load import take_in
from daicho.vault import open_snapshot

CARD_FIRST = '[records]\nprecedence = ["card", "recall", "register"]\nonly_without = { register = "card" }\n'
MakeOffice = Callable[..., Config]

# Each case is a person: the records of doses, source and day, and the days that count.
CASES = {
    "one source": ([("recall", "MR", "0601")], ["0601"]),
    "the card before what is recalled": ([("recall", "MR", "0601"), ("card", "MR", "0610")], ["0610"]),
    "what is recalled before the register": ([("recall", "MR", "0601"), ("register", "MR", "0610")], ["0601"]),
    "the register where there is nothing else": ([("register", "MR", "0601")], ["0601"]),
    "no register where there is any card": ([("card", "BCG", "0501"), ("register", "MR", "0601")], ["0501"]),
    "recall fills what the card leaves out": ([("card", "BCG", "0501"), ("recall", "MR", "0601")], ["0501", "0601"]),
    "no source stands last": ([("", "MR", "0601"), ("register", "MR", "0610")], ["0610"]),
    "no source where there is nothing else": ([("", "MR", "0601")], ["0601"]),
    "a card without a date still comes first": ([("card", "MR", ""), ("recall", "MR", "0601")], [None]),
    "the same day from two sources": ([("register", "MR", "0601"), ("card", "MR", "0601")], ["0601"]),
    "two records of one source": ([("card", "MR", "0601"), ("card", "MR", "0610")], ["0601", "0610"]),
}


def office_with(make_office: MakeOffice, name: str, rule: str = "", **settings: str) -> Config:
    config = make_office(name, **settings)
    return with_rule(config, rule)


def with_rule(config: Config, rule: str) -> Config:
    path = config.root / "daicho.toml"
    path.write_text(path.read_text(encoding="utf-8").partition("\n[records]")[0] + "\n" + rule, encoding="utf-8")
    return load_config(config.root)


def number(position: int) -> str:
    return str(5_100_000_000 + position)


def extracts(folder: Path) -> list[Path]:
    people = [{"宛名番号": number(n), "生年月日": f"202001{n:02}"} for n in range(1, len(CASES) + 1)]
    doses = [
        {"宛名番号": number(n), "記録元": source, "予防接種種別コード": vaccine, "接種期": "1期" if vaccine == "MR" else ""}
        | {"接種日": f"2021{day}" if day else "", "予診日": ""}
        for n, (records, _) in enumerate(CASES.values(), start=1)
        for source, vaccine, day in records
    ]
    return [
        write_extract(folder / "resident.csv", RESIDENT, people),
        write_extract(folder / "vaccination.csv", {**VACCINATION, "記録元": ""}, doses),
    ]


def counted(config: Config) -> dict[str, list[str | None]]:
    connection = open_snapshot(config, snapshot=None, reference={}, macros=())
    rows = connection.execute(
        "SELECT day(p.birth_date), strftime(d.given_on, '%m%d') FROM dose d JOIN person p USING (person) ORDER BY ALL NULLS FIRST"
    ).fetchall()
    connection.close()
    return {name: [day for of, day in rows if of == n] for n, name in enumerate(CASES, start=1)}


def test_the_best_source_of_a_dose_counts(make_office: MakeOffice, tmp_path: Path) -> None:
    config = office_with(make_office, "survey", CARD_FIRST)
    take_in(extracts(tmp_path), config=config, today=TODAY)
    assert counted(config) == {name: days for name, (_, days) in CASES.items()}


def test_without_a_rule_every_record_counts_and_a_changed_rule_holds_at_once(make_office: MakeOffice, tmp_path: Path) -> None:
    config = office_with(make_office, "survey")
    take_in(extracts(tmp_path), config=config, today=TODAY)
    every = {name: sorted({day or None for _, _, day in records}, key=lambda d: d or "") for name, (records, _) in CASES.items()}
    assert counted(config) == every
    assert counted(with_rule(config, CARD_FIRST)) == {name: days for name, (_, days) in CASES.items()}
    assert counted(with_rule(config, "")) == every


def test_a_source_in_no_list_is_quarantined(make_office: MakeOffice, tmp_path: Path) -> None:
    config = office_with(make_office, "survey", quarantine_limit="1.0")
    path = write_extract(
        tmp_path / "v.csv", {**VACCINATION, "記録元": "手帳"}, [{"接種日": "20210501"}, {"接種日": "20210502", "記録元": "うわさ"}]
    )
    report = take_in([path], config=config, today=TODAY)
    assert (report.files[0].rows_accepted, dict(report.files[0].rows_quarantined)) == (1, {"unknown_record_source": 1})
    with pytest.raises(DataError):
        take_in([path], config=office_with(make_office, "strict"), today=TODAY)


def test_weights_are_kept_in_millionths_and_bad_ones_quarantined(make_office: MakeOffice, tmp_path: Path) -> None:
    config = office_with(make_office, "survey", quarantine_limit="1.0")
    written = {"2": 2_000_000, "1.2345675": 1_234_568, "２．５": 2_500_000, "0.5": 500_000, "": None}
    bad = ("0", "0.0000001", "-1", "1,5", "x", "1.", ".5")
    rows = [{"宛名番号": number(n), "抽出ウェイト": f'"{text}"'} for n, text in enumerate([*written, *bad], start=1)]
    report = take_in([write_extract(tmp_path / "r.csv", {**RESIDENT, "抽出ウェイト": ""}, rows)], config=config, today=TODAY)
    assert dict(report.files[0].rows_quarantined) == {"bad_number": len(bad)}
    connection = open_snapshot(config, snapshot=None, reference={}, macros=())
    found = [weight for (weight,) in connection.execute("SELECT sampling_weight FROM person WHERE is_registered").fetchall()]
    connection.close()
    assert sorted(found, key=str) == sorted(written.values(), key=str)


def test_batches_taken_in_before_the_columns_existed_are_read_on(make_office: MakeOffice, tmp_path: Path) -> None:
    config = office_with(make_office, "survey", CARD_FIRST)
    contract = config.contracts_dir / "extracts" / "vaccination.odcs.yaml"
    whole = contract.read_text(encoding="utf-8")
    contract.write_text(whole.partition("      - name: record_source")[0], encoding="utf-8")
    old = write_extract(tmp_path / "old.csv", VACCINATION, [{"接種日": "20210501"}])
    take_in([old], config=config, today=TODAY)
    contract.write_text(whole, encoding="utf-8")
    new = write_extract(tmp_path / "new.csv", {**VACCINATION, "記録元": "card"}, [{"接種日": "20210601"}])
    take_in([new], config=config, today=TODAY)
    connection = open_snapshot(config, snapshot=None, reference={}, macros=())
    found = connection.execute("SELECT strftime(given_on, '%m%d'), record_source, is_in_use FROM event ORDER BY 1").fetchall()
    connection.close()
    assert found == [("0501", None, False), ("0601", "card", True)]


@pytest.mark.parametrize(
    "rule",
    [
        'precedence = ["card", "card"]',
        'precedence = ["Card"]',
        "precedence = [1]",
        'precedence = "card"',
        'only_without = { register = "register" }',
        'only_without = { register = "card", card = "register" }',
        'order = ["card"]',
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(make_office: MakeOffice, rule: str) -> None:
    with pytest.raises(UsageError):
        office_with(make_office, "survey", f"[records]\n{rule}\n")
