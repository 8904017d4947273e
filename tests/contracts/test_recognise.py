from __future__ import annotations

import pytest
from tests.contracts.folders import SHIPPED

from daicho.contracts.loader import load_contracts
from daicho.contracts.recognise import missing_optional_headers, recognise_kind
from daicho.core.errors import DataError

CONTRACTS = load_contracts(SHIPPED)


def full_header(kind: str) -> list[str]:
    return [column.header + ("(1回目)" if column.repeats else "") for column in CONTRACTS[kind].columns if not column.derived]


@pytest.mark.parametrize("kind", sorted(CONTRACTS))
def test_every_kind_is_recognised_by_its_header_in_any_order(kind: str) -> None:
    contract, names = recognise_kind(full_header(kind)[::-1], CONTRACTS)
    assert contract.kind == kind
    assert names == full_header(kind)[::-1]


@pytest.mark.parametrize("kind", sorted(CONTRACTS))
def test_the_required_headers_alone_are_enough(kind: str) -> None:
    required = [column.header + ("(1回目)" if column.repeats else "") for column in CONTRACTS[kind].columns if column.required]
    assert recognise_kind(required, CONTRACTS)[0].kind == kind


def test_an_alias_becomes_the_contracts_own_header() -> None:
    names = recognise_kind(["宛名コード", "接種種別コード", "接種期", "接種回", "接種年月日"], CONTRACTS)[1]
    assert names == ["宛名番号", "予防接種種別コード", "接種期", "接種回数", "接種日"]


def test_full_width_brackets_digits_and_blanks_in_headers_do_not_matter() -> None:
    contract, names = recognise_kind(["個別宛名番号 ", "接種日（１回目）", "接種日（２回目）", "ロット番号(2回目)"], CONTRACTS)
    assert contract.kind == "vrs_wide"
    assert names == ["個別宛名番号", "接種日(1回目)", "接種日(2回目)", "ロット番号(2回目)"]


def test_any_number_of_passport_columns_is_taken_and_keeps_its_name() -> None:
    contract, names = recognise_kind(["宛名番号", "接種回", "接種日", "旅券番号", "旅券有効期限"], CONTRACTS)
    assert contract.kind == "covid_record"
    assert names[-2:] == ["旅券番号", "旅券有効期限"]


def test_an_unknown_header_is_named() -> None:
    with pytest.raises(DataError, match=r"doses\.csv: the column 体温 is in no contract \(the nearest kind is vaccination\)"):
        recognise_kind([*full_header("vaccination"), "体温"], CONTRACTS, file_name="doses.csv")


def test_a_missing_required_header_is_named() -> None:
    header = [name for name in full_header("resident") if name != "消除日"]
    with pytest.raises(DataError, match="the column 消除日 of the kind resident is missing"):
        recognise_kind(header, CONTRACTS)


def test_two_columns_for_one_item_are_refused() -> None:
    with pytest.raises(DataError, match="接種種別コード"):
        recognise_kind([*full_header("vaccination"), "接種種別コード"], CONTRACTS)


def test_a_header_that_fits_two_kinds_alike_asks_for_the_kind() -> None:
    twins = {"a": CONTRACTS["welfare"], "b": CONTRACTS["welfare"]}
    with pytest.raises(DataError, match="--kind"):
        recognise_kind(full_header("welfare"), twins)


def test_missing_optional_headers_are_told() -> None:
    contract, names = recognise_kind([name for name in full_header("resident") if name != "住民区分"], CONTRACTS)
    assert missing_optional_headers(contract, names) == ("住民区分",)
    contract, names = recognise_kind(["個別宛名番号", "接種日(1回目)", "券番号(1回目)"], CONTRACTS)
    assert "券番号" not in missing_optional_headers(contract, names)
    assert "接種医師名" in missing_optional_headers(contract, names)
