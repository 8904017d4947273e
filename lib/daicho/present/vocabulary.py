"""What the codes of a dimension are called and in which order they stand: from the code lists and the contracts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from daicho.contracts.codelists import load_codelist
from daicho.contracts.loader import load_contracts
from daicho.core.errors import DaichoError
from daicho.gate.release import Release, label_of
from daicho.gate.vocabulary import number_label, own_labels
from daicho.present.labels import english_label

_CODELISTS = {"dose": "dose_stage", "row": "form_line", "column": "age_category", "maker": "covid_maker", "product": "covid_product"}
"""Dimensions whose code list has another name; every other dimension's list is named like it."""

_RULES = {
    "accepted": ("受入", "accepted"),
    "replaced": ("置換", "replaced"),
    "duplicate": ("重複", "duplicate"),
    "undecodable": ("読めない文字がある", "undecodable characters"),
    "wrong_field_count": ("項目の数が合わない", "wrong number of fields"),
    "bad_date": ("日付として読めない", "not a date"),
    "bad_month": ("年月として読めない", "not a month"),
    "bad_timestamp": ("日時として読めない", "not a time"),
    "bad_number": ("数値として読めない", "not a number"),
    "bad_flag": ("0・1以外の値", "neither 0 nor 1"),
    "bad_address": ("住所から地区を判別できない", "address of no known district"),
    "unlinked_person": ("個人に結び付かない", "linked to no person"),
}
_RULE_FAMILIES = {"missing_": ("{}が空欄", "{} missing"), "unknown_": ("{}がコード表にない", "{} not in its code list")}


def list_orders(release: Release, *, contracts_dir: Path) -> dict[str, tuple[str, ...]]:
    """Return the codes of each dimension that has a code list, or a vocabulary of the software's own, in the order of the list."""
    lists = {dimension: _codelist(dimension, contracts_dir) for dimension in release.facts.by}
    orders = {dimension: tuple(codes.get_column("code").to_list()) for dimension, codes in lists.items() if codes is not None}
    return orders | {name: tuple(own_labels(name)) for name, codes in lists.items() if codes is None and own_labels(name)}


def tile_places(release: Release, *, contracts_dir: Path) -> dict[str, dict[str, tuple[int, int]]]:
    """Return where the codes of each dimension stand on a tile map (columns `tile_row`, `tile_column` of its code list)."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for dimension in release.facts.by:
        codes = _codelist(dimension, contracts_dir)
        if codes is None or not {"tile_row", "tile_column"} <= set(codes.columns):
            continue
        rows = codes.select("code", "tile_row", "tile_column").drop_nulls().iter_rows()
        found[dimension] = {code: (int(row), int(column)) for code, row, column in rows}
    return found


def in_reading_order(frame: pl.DataFrame, *, by: tuple[str, ...], orders: Mapping[str, tuple[str, ...]]) -> pl.DataFrame:
    """Return the rows in the order of the code lists, numbers ascending and the unknown last."""
    keys = []
    for dimension in by:
        places = {code: place for place, code in enumerate(orders.get(dimension, ()))}
        if places and frame.schema[dimension] == pl.String:
            keys.append(pl.col(dimension).replace_strict(places, default=len(places), return_dtype=pl.Int64))
        else:
            keys.append(pl.col(dimension))
    return frame.sort(keys, nulls_last=True, maintain_order=True) if keys else frame


def with_labels(frame: pl.DataFrame, *, by: tuple[str, ...], contracts_dir: Path, language: str) -> pl.DataFrame:
    """Return the frame with labels in the reader's language, and with words for the rules of intake, which are codes everywhere else."""
    for dimension in by:
        names = _names(frame, dimension, contracts_dir=contracts_dir, language=language)
        if not names and language == "ja":
            continue
        pairs = frame.select(dimension, label_of(dimension)).iter_rows()
        labels = [
            names.get(str(code), str(label)) if language == "ja" else english_label(dimension, code, str(label), names=names)
            for code, label in pairs
        ]
        frame = frame.with_columns(pl.Series(label_of(dimension), labels, dtype=pl.String))
    return frame


def _names(frame: pl.DataFrame, dimension: str, *, contracts_dir: Path, language: str) -> dict[str, str]:
    if dimension == "rule":
        return {str(rule): _rule_name(str(rule), contracts_dir, language) for rule in frame.get_column("rule").unique()}
    if language == "ja":
        return {}
    codes = _codelist(dimension, contracts_dir)
    if template := number_label(dimension):
        return {str(code): template.format(code) for code in frame.get_column(dimension).unique().drop_nulls()}
    if codes is None:
        return {code: texts[1] for code, texts in own_labels(dimension).items()}
    if "label_en" not in codes.columns:
        return {}
    return {code: label for code, label in codes.select("code", "label_en").iter_rows() if label}


def _rule_name(rule: str, contracts_dir: Path, language: str) -> str:
    place = int(language == "en")
    if rule in own_labels("rule"):
        return own_labels("rule")[rule][place]
    if rule in _RULES:
        return _RULES[rule][place]
    for beginning, texts in _RULE_FAMILIES.items():
        if rule.startswith(beginning):
            return texts[place].format(_item_name(rule.removeprefix(beginning), contracts_dir, language))
    return rule


def _item_name(column: str, contracts_dir: Path, language: str) -> str:
    """Return what the contracts call an item; the first contract that has it names it."""
    for contract in load_contracts(contracts_dir).values():
        for item in contract.columns:
            if item.name == column:
                return item.label if language == "ja" else item.label_en or column
    return column


def _codelist(dimension: str, contracts_dir: Path) -> pl.DataFrame | None:
    try:
        return load_codelist(contracts_dir, _CODELISTS.get(dimension, dimension))
    except DaichoError:
        return None
