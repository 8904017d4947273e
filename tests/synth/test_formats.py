"""The extracts have the exact formats of the contracts."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.synth.ledger import WRITTEN, read_extract, write_ledger

from daicho.contracts.codelists import writings
from daicho.contracts.loader import load_contracts
from daicho.contracts.model import ColumnType
from daicho.contracts.recognise import missing_optional_headers, recognise_kind
from daicho.core.ages import birth_fiscal_year, reached_months_on
from daicho.core.check_digits import individual_number_expr, institution_check_digit, is_institution_code
from daicho.core.config import Config
from daicho.core.eras import parse_japanese_date
from daicho.synth import days
from daicho.synth.institutions import check_digits

EPOCH = date(1970, 1, 1)
KINDS = {name: name.removesuffix(".csv") for name in WRITTEN} | {"vaccination_other_wards.csv": "vaccination"}
# Items of outside sources, which a municipality's own extracts do not have.
OUTSIDE_SOURCES = {"記録元", "抽出ウェイト", "経路", "請求額", "加算区分", "依頼書発行日", "償還申請日"}
NUMBERS = r"^[45][0-9]{9}$"


@pytest.mark.parametrize("name", WRITTEN)
def test_every_header_is_the_contracts_own_and_none_is_missing(office: Config, village: Path, name: str) -> None:
    contracts = load_contracts(office.contracts_dir)
    headers = read_extract(village / name).columns
    contract, names = recognise_kind(headers, contracts)
    assert (contract.kind, names) == (KINDS[name], headers)
    assert set(missing_optional_headers(contract, names)) <= OUTSIDE_SOURCES


def test_the_ledger_has_a_file_of_every_kind(office: Config) -> None:
    assert set(KINDS.values()) == set(load_contracts(office.contracts_dir))


def test_every_coded_cell_is_in_its_code_list(office: Config, town: Path) -> None:
    contracts = load_contracts(office.contracts_dir)
    for name, kind in KINDS.items():
        frame = read_extract(town / name)
        for column in contracts[kind].columns:
            if column.codelist and column.type is ColumnType.CODE and column.header in frame.columns:
                known = writings(office.contracts_dir, column.codelist)
                assert not [text for text in frame[column.header].drop_nulls().unique() if text not in known], f"{name}: {column.header}"


def test_files_end_lines_with_crlf_and_hold_vendor_characters(village: Path) -> None:
    for path in village.iterdir():
        data = path.read_bytes()
        assert data.endswith(b"\r\n")
        assert data.count(b"\n") == data.count(b"\r\n")
    names = (village / "resident.csv").read_bytes().decode("cp932")
    assert all(character in names for character in "髙﨑①")


def test_utf_8_and_cp932_hold_the_same_text(office: Config, village: Path, tmp_path: Path) -> None:
    write_ledger(tmp_path, office, encoding="utf-8")
    for name in WRITTEN:
        assert (tmp_path / name).read_bytes().decode("utf-8") == (village / name).read_bytes().decode("cp932")


def test_institution_codes_have_the_right_check_digit(town: Path) -> None:
    for name in ("institution.csv", "vaccination.csv", "vaccination_other_wards.csv"):
        codes = read_extract(town / name)["医療機関コード"].drop_nulls().unique().to_list()
        assert codes
        assert all(is_institution_code(code) for code in codes)


def test_no_cell_can_be_taken_for_an_individual_number(town: Path) -> None:
    for name in WRITTEN:
        frame = read_extract(town / name)
        for column in frame.columns:
            valid = frame.select(individual_number_expr(column).fill_null(False).sum()).item()
            assert valid == 0, f"{name}: {column}"


def test_addressee_numbers_have_ten_digits_and_belong_to_one_person(town: Path) -> None:
    residents = read_extract(town / "resident.csv")["宛名番号"]
    assert residents.str.contains(NUMBERS).all()
    assert residents.n_unique() == residents.len()
    changes = read_extract(town / "number_change.csv")
    known = set(residents) | set(changes["旧宛名番号"])
    for name in WRITTEN:
        frame = read_extract(town / name)
        for column in ("宛名番号", "個別宛名番号"):
            if column in frame.columns:
                assert set(frame[column].drop_nulls()) <= known, name
    assert changes["旧宛名番号"].n_unique() == changes.height
    assert set(changes["新宛名番号"]) & set(changes["旧宛名番号"])  # chains
    assert set(changes["旧宛名番号"]) & set(residents)  # returners: an earlier stay under the old number


def test_day_rules_over_arrays_are_those_of_the_law() -> None:
    births = np.array([(date(2003, 12, 28) - EPOCH).days + step for step in range(0, 900)], dtype=np.int32)
    dates = [EPOCH + timedelta(days=int(birth)) for birth in births]
    for months in (1, 2, 12, 24, 90, 156, 780):
        found = days.reached_months(births, months)
        assert [EPOCH + timedelta(days=int(each)) for each in found] == [reached_months_on(birth, months) for birth in dates]
    assert days.birth_fiscal_year(births).tolist() == [birth_fiscal_year(birth) for birth in dates]


def test_era_form_reads_back_as_the_same_day() -> None:
    texts = ("1926-12-24", "1926-12-25", "1989-01-07", "1989-01-08", "2019-04-30", "2019-05-01", "2026-03-31")
    written = days.seven_digits(np.array([days.day(text) for text in texts], dtype=np.int32))
    assert [parse_japanese_date(str(number)).isoformat() for number in written] == list(texts)


def test_check_digits_over_arrays_are_those_of_the_core() -> None:
    nine = np.arange(131_010_000, 131_012_000, 7)
    assert check_digits(nine).tolist() == [institution_check_digit(str(number)) for number in nine]


def test_covid_records_and_vrs_mostly_agree(town: Path) -> None:
    record, wide = read_extract(town / "covid_record.csv"), read_extract(town / "vrs_wide.csv")
    ledger = record.filter(pl.col("接種回") == "1").select("宛名番号", "接種日")
    both = ledger.join(wide.rename({"個別宛名番号": "宛名番号"}), on="宛名番号")
    same = (both["接種日"] == both["接種日(1回目)"]).mean()
    assert both.height > 0.9 * ledger.height
    assert isinstance(same, float) and 0.98 < same < 1.0
    assert 0 < wide["個別宛名番号"].null_count() < 0.02 * wide.height
