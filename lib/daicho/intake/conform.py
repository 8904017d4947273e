"""Turn text columns into the typed, pseudonymised columns a contract allows; find the rows that break it.

Everything works on the distinct values of a column. A row is quarantined by the first rule it breaks; the rule's name
and the line number are all that is kept of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from daicho.contracts.model import Column, ColumnType, Contract
from daicho.core.check_digits import institution_code_expr
from daicho.core.eras import japanese_date_expr, partial_birth_date_expr
from daicho.intake.numbers import IdentifierBook, NumberBook
from daicho.intake.places import UNKNOWN, DistrictFinder
from daicho.intake.rows import LINE

RULE = "rule"
ERASED = "erased_person"
PERSON = "person"
UNDECODABLE = "\ufffd"
_LARGEST_SMALL = 32_767
BLANKS = " \t\r\n\u3000"


@dataclass(frozen=True)
class CodeMap:
    """Every writing of a code list an extract may use, folded, to our code."""

    codes: pl.DataFrame

    @staticmethod
    def build(pairs: Mapping[str, str]) -> CodeMap:
        return CodeMap(pl.DataFrame({"folded": list(pairs), "code": list(pairs.values())}, schema={"folded": pl.String, "code": pl.String}))


@dataclass(frozen=True)
class Conformed:
    """Accepted rows as typed columns, and the quarantined ones as `line`, `rule`."""

    accepted: pl.DataFrame
    quarantined: pl.DataFrame
    warnings: Mapping[str, int]


@dataclass
class Conformer:
    """Applies one contract to pieces of one file."""

    contract: Contract
    code_maps: Mapping[str, CodeMap]
    numbers: NumberBook
    identifiers: IdentifierBook
    districts: DistrictFinder
    _memory: dict[str, pl.DataFrame] = field(default_factory=dict)

    def conform(self, frame: pl.DataFrame) -> Conformed:
        """Check and convert one piece. `frame` has the contract's headers as text columns, and `line`."""
        frame, set_aside = self._without_erased(frame)
        kept: dict[str, pl.Series] = {}
        rules: list[pl.Series] = []
        warnings: dict[str, int] = {}
        naming: dict[str, list[pl.Series]] = {}
        for column in self.contract.columns:
            texts = [frame[name] for name in _headers_of(column, frame.columns)]
            if column.scanner_kind and column.type is not ColumnType.PERSON_KEY:
                naming.setdefault(column.scanner_kind, []).extend(texts)
            if not column.is_kept:
                continue
            text = texts[0] if texts else pl.Series(column.header, [""], dtype=pl.String).new_from_index(0, frame.height)
            values, broken = self._convert(column, text)
            kept |= values
            if broken is not None:
                rules.append(broken.alias(column.header))
            for name, series in values.items():
                if (
                    series.dtype == pl.String
                    and column.type in (ColumnType.CODE, ColumnType.ADDRESS)
                    and (count := int((series == UNKNOWN).sum()))
                ):
                    warnings[f"unknown_{name}"] = count
        owners = kept.get(PERSON, pl.Series(PERSON, [None], dtype=pl.Int32).new_from_index(0, frame.height))
        for kind, series_list in naming.items():
            for series in series_list:
                self.identifiers.add(kind, series, owners=owners)
        accepted = pl.DataFrame(list(kept.values())).with_columns(frame[LINE].cast(pl.Int32))
        if not rules:
            return Conformed(accepted=accepted, quarantined=set_aside, warnings=warnings)
        rule = pl.DataFrame(rules).select(pl.coalesce(pl.all()).alias(RULE))[RULE]
        is_bad = rule.is_not_null()
        refused = pl.concat([set_aside, pl.DataFrame([frame[LINE].cast(pl.Int64), rule]).filter(is_bad)])
        return Conformed(accepted=accepted.filter(~is_bad), quarantined=refused, warnings=warnings)

    def _without_erased(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows that name no erased person, and `line`, `rule` of those that do: nothing of the latter is kept, hashed or indexed."""
        none = pl.DataFrame(schema={LINE: pl.Int64, RULE: pl.String})
        columns = [frame[name] for c in self.contract.columns if c.type is ColumnType.PERSON_KEY for name in _headers_of(c, frame.columns)]
        found = [flags.alias(str(place)) for place, column in enumerate(columns) if (flags := self.numbers.is_erased(column)) is not None]
        if not found or not (is_erased := pl.DataFrame(found).select(pl.any_horizontal(pl.all()))[:, 0]).any():
            return frame, none
        return frame.filter(~is_erased), frame.filter(is_erased).select(pl.col(LINE).cast(pl.Int64), pl.lit(ERASED).alias(RULE))

    def _convert(self, column: Column, text: pl.Series) -> tuple[dict[str, pl.Series], pl.Series | None]:
        """Typed series by vault column name, and the rule broken in each row (null where none)."""
        if column.type is ColumnType.PERSON_KEY:
            values = self.numbers.locals_of(text).alias(column.name)
            return {column.name: values}, None if column.nullable else _rule(values.is_null(), f"missing_{column.name}")
        if column.type is ColumnType.TEXT:
            return self._text(column, text)
        return self._by_distinct(column, text)

    def _text(self, column: Column, text: pl.Series) -> tuple[dict[str, pl.Series], pl.Series | None]:
        stripped = pl.col("t").str.strip_chars(BLANKS)
        value = text.to_frame("t").select(pl.when(stripped != "").then(stripped).alias(column.name))[column.name]
        rules = [_rule(text.str.contains(UNDECODABLE, literal=True), "undecodable")]
        if not column.nullable:
            rules.append(_rule(value.is_null(), f"missing_{column.name}"))
        broken = [rule.alias(str(position)) for position, rule in enumerate(rules) if rule is not None]
        return {column.name: value}, pl.DataFrame(broken).select(pl.coalesce(pl.all()))[:, 0] if broken else None

    def _by_distinct(self, column: Column, text: pl.Series) -> tuple[dict[str, pl.Series], pl.Series | None]:
        """Convert each distinct text once (remembered for the whole file), then look rows up."""
        memory = self._memory.get(column.header)
        distinct = pl.DataFrame({"raw": text.unique()})
        new = distinct if memory is None else distinct.join(memory, on="raw", how="anti")
        if new.height or memory is None:
            folded = pl.col("raw").str.normalize("NFKC").str.strip_chars(BLANKS)
            converted = self._converter(column)(new.with_columns(folded.alias("folded"))).drop("folded")
            memory = converted if memory is None else pl.concat([memory, converted])
            self._memory[column.header] = memory
        wanted = memory if distinct.height > 1 else memory.join(distinct, on="raw", how="semi")
        names = [name for name in memory.columns if name not in ("raw", RULE)]
        if wanted.height == 1:
            # One value in the whole column, as flags and empty columns mostly have.
            found = {name: wanted[name].new_from_index(0, text.len()) for name in (*names, RULE)}
        else:
            looked_up = wanted if wanted[RULE].null_count() < wanted.height else wanted.drop(RULE)
            joined = text.to_frame("raw").join(looked_up, on="raw", how="left", maintain_order="left")
            found = {name: joined[name] for name in joined.columns if name != "raw"}
        broken = found.get(RULE)
        return {name: found[name] for name in names}, None if broken is None or broken.null_count() == broken.len() else broken

    def _converter(self, column: Column) -> Callable[[pl.DataFrame], pl.DataFrame]:
        simple: dict[ColumnType, Callable[[], pl.Expr]] = {
            ColumnType.DATE: lambda: japanese_date_expr("folded"),
            ColumnType.MONTH: _month,
            ColumnType.TIMESTAMP: lambda: pl.col("folded").str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="ms"),
            ColumnType.INTEGER: lambda: _whole_number(column).cast(_width(column), strict=False),
            ColumnType.YEN: lambda: _whole_number(column),
            ColumnType.DECIMAL: _millionths,
            ColumnType.FLAG: lambda: pl.when(pl.col("folded").is_in(["0", "1"])).then(pl.col("folded") == "1"),
        }
        if column.type in simple:
            rule = (
                "bad_number"
                if column.type in (ColumnType.INTEGER, ColumnType.YEN, ColumnType.DECIMAL)
                else f"bad_{column.type.value.lower()}"
            )
            return lambda new: _checked(new.with_columns(simple[column.type]().alias(column.name)), column, rule)
        return {ColumnType.PARTIAL_DATE: self._partial_date, ColumnType.ADDRESS: self._address, ColumnType.CODE: self._code}[column.type](
            column
        )

    def _partial_date(self, column: Column) -> Callable[[pl.DataFrame], pl.DataFrame]:
        precision = column.name.removesuffix("_date") + "_precision"

        def convert(new: pl.DataFrame) -> pl.DataFrame:
            parsed = new.with_columns(partial_birth_date_expr("folded").alias("parsed"))
            typed = parsed.with_columns(
                pl.col("parsed").struct.field("date").alias(column.name), pl.col("parsed").struct.field("precision").alias(precision)
            ).drop("parsed")
            return _checked(typed, column, "bad_date")

        return convert

    def _address(self, column: Column) -> Callable[[pl.DataFrame], pl.DataFrame]:
        def convert(new: pl.DataFrame) -> pl.DataFrame:
            return _checked(new.with_columns(self.districts.districts(new["folded"]).alias(column.name)), column, "bad_address")

        return convert

    def _code(self, column: Column) -> Callable[[pl.DataFrame], pl.DataFrame]:
        def convert(new: pl.DataFrame) -> pl.DataFrame:
            if column.codelist is None:
                value = pl.when(pl.col("folded") != "").then(pl.col("folded"))
                typed = new.with_columns(value.alias(column.name))
                if column.name == "institution_code":
                    typed = typed.with_columns(institution_code_expr("folded").fill_null(False).alias("is_institution_valid"))
                return _checked(typed, column, "undecodable", is_bad=pl.col("folded").str.contains(UNDECODABLE, literal=True))
            typed = new.join(
                self.code_maps[column.codelist].codes.rename({"code": column.name}), on="folded", how="left", maintain_order="left"
            )
            if column.on_unknown == "unknown":
                typed = typed.with_columns(
                    pl.when(pl.col("folded") != "").then(pl.col(column.name).fill_null(UNKNOWN)).otherwise(pl.col(column.name))
                )
            return _checked(typed, column, f"unknown_{column.name}")

        return convert


def _headers_of(column: Column, present: Sequence[str]) -> list[str]:
    """The file's columns that hold an item: one, or every one that begins with its prefix; none where the header is missing."""
    if column.prefix:
        return [name for name in present if name.startswith(column.header)]
    return [column.header] if column.header in present else []


def _checked(typed: pl.DataFrame, column: Column, rule: str, *, is_bad: pl.Expr | None = None) -> pl.DataFrame:
    """Add `rule`: broken where a text gave no value, or where a required text is missing."""
    unreadable = is_bad if is_bad is not None else pl.col(column.name).is_null() & (pl.col("folded") != "")
    missing = pl.lit(False) if column.nullable else pl.col(column.name).is_null() & (pl.col("folded") == "")
    return typed.with_columns(pl.when(unreadable).then(pl.lit(rule)).when(missing).then(pl.lit(f"missing_{column.name}")).alias(RULE))


def _month() -> pl.Expr:
    """YYYYMM as an integer; null where it is no month."""
    digits = pl.col("folded").str.replace_all(r"[/\-.年月]", "")
    number = pl.when(digits.str.contains(r"^[12][0-9]{5}$")).then(digits.cast(pl.Int32, strict=False))
    return pl.when((number % 100).is_between(1, 12)).then(number)


def _width(column: Column) -> type[pl.DataType]:
    """Small numbers (of a dose) stay small; only a contract that says so has large ones (lines of a file)."""
    return pl.Int32 if column.maximum is not None and column.maximum > _LARGEST_SMALL else pl.Int16


def _whole_number(column: Column) -> pl.Expr:
    """A whole number inside the contract's bounds; null otherwise."""
    number = pl.when(pl.col("folded").str.contains(r"^[0-9]{1,9}$")).then(pl.col("folded")).cast(pl.Int64, strict=False)
    low, high = column.minimum or 0, column.maximum if column.maximum is not None else 999_999_999
    return pl.when(number.is_between(low, high)).then(number)


def _millionths() -> pl.Expr:
    """A decimal number above zero in millionths, rounded half up; null otherwise."""
    whole, digits = pl.col("folded").str.extract(r"^([0-9]{1,9})(?:\.[0-9]+)?$"), pl.col("folded").str.extract(r"^[0-9]{1,9}\.([0-9]+)$")
    padded = digits.fill_null("").str.pad_end(7, "0")
    parts = whole.cast(pl.Int64) * 10_000_000 + padded.str.slice(0, 7).cast(pl.Int64)
    number = (parts + 5) // 10
    return pl.when(number > 0).then(number)


def _rule(is_bad: pl.Series, rule: str) -> pl.Series | None:
    """The rule's name where it is broken; None when it is broken nowhere."""
    if not is_bad.any():
        return None
    return is_bad.to_frame("bad").select(pl.when(pl.col("bad").fill_null(False)).then(pl.lit(rule)))[:, 0]
