"""A release as a notebook holds it: the frame and the facts, and the tables, charts and sentences made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from daicho.core.errors import UsageError
from daicho.gate.release import ColumnFacts, Release, label_of, status_of
from daicho.present import charts, curves, dots, stacks, tile_maps
from daicho.present.cross_tables import build_table, value_columns
from daicho.present.denominators import denominator
from daicho.present.key_figures import KeyFigure, extreme
from daicho.present.labels import NO_DATA, NOT_APPLICABLE_MARK, Figure, column_facts, format_figure
from daicho.present.notes import write_note
from daicho.present.picture import main_value
from daicho.present.prose import Markdown
from daicho.present.reading_order import OrderedRelease, codes_in_order
from daicho.present.tables import Table

if TYPE_CHECKING:
    import altair

FORMS = ("trend", "heat_map", "bars", "months", "tile_map", "dots", "ranking", "curves", "stacked")


@dataclass(frozen=True)
class PresentedRelease(OrderedRelease):
    """A release with its presentation, in the session's language. Everything it makes shows released values only."""

    language: str = "ja"

    @property
    def is_empty(self) -> bool:
        return self.frame.is_empty()

    def table(
        self,
        *,
        name: str | None = None,
        title: str | None = None,
        title_en: str | None = None,
        columns: Sequence[str] | None = None,
        pivot: str | None = None,
        totals: Sequence[Release] = (),
        notes: Sequence[str] = (),
    ) -> Table:
        """Return the release as a table.

        `name` names the sheet and the CSV file; `columns` picks value columns; `pivot` turns a dimension into headings; `totals` adds
        rows from releases of the same measure by fewer dimensions. Raises UsageError for a name the release does not have.
        """
        by = "_by_" + "_".join(self.facts.by) if self.facts.by else ""
        return build_table(
            self,
            name=name or f"{self.facts.measure}{by}",
            title=self._title(title, title_en),
            language=self.language,
            columns=columns,
            pivot=pivot,
            totals=totals,
            notes=(*self._denominator_note(columns), *notes),
        )

    def chart(
        self,
        *,
        form: str | None = None,
        by: Sequence[str] = (),
        x: str | None = None,
        y: str | None = None,
        series: str | None = None,
        value: str | None = None,
        target: float | Figure | None = None,
        is_sorted: bool = False,
        window: tuple[float, float] | None = None,
        parts: Sequence[str] = (),
        lowest: int = 10,
        title: str | None = None,
        title_en: str | None = None,
    ) -> altair.LayerChart:
        """Return an Altair chart of the release: `form` is one of FORMS; without one, what suits its dimensions.

        `by` picks the dimensions that dots and rankings name.
        `window` is the due window of curves in months, as `ledger.due_window` returns it; `parts` are the columns that a stacked bar
        divides `value` (or their own sum) into; `lowest` is how many a ranking keeps.

        `target` is drawn as a line, in the unit of the value (0.95 for 95 %), or is what `ledger.target` returns. Raises UsageError for a
        name the release does not have.
        """
        chosen = form or self._suitable_form()
        line = target.value if isinstance(target, Figure) else target
        words: dict[str, Any] = {"value": value, "title": self._title(title, title_en), "language": self.language}
        by = list(by or self.facts.by)
        ages = [dimension for dimension in by if dimension == "age_months"]
        time = next((dimension for dimension in ages + by if _is_time(dimension)), by[-1] if by else "")
        others = [dimension for dimension in by if dimension != (x or time)]
        if not by:
            raise UsageError("chart: a release without dimensions is one figure; show it as a table or in a sentence.")
        if chosen == "trend":
            return charts.trend(self, x=x or time, series=series or (others[0] if others else None), target=line, **words)
        if chosen == "months":
            return charts.monthly_bars(self, x=x or time, series=series or (others[0] if others else None), **words)
        if chosen == "heat_map":
            if len(by) != 2 and not (x and y):
                raise UsageError("chart: a heat map needs a release by exactly two dimensions.")
            return charts.heat_map(self, x=x or time, y=y or others[0], **words)
        if chosen == "bars":
            return charts.bars(self, y=y or by[0], target=line, is_sorted=is_sorted, **words)
        if chosen == "tile_map":
            places = self.places.get(y or by[0], {})
            return tile_maps.tile_map(self, y=y or by[0], places=places, **words) if places else charts.bars(self, y=y or by[0], **words)
        if chosen in ("dots", "ranking"):
            kept = lowest if chosen == "ranking" else None
            return dots.dots(self, dimensions=by, target=line, lowest=kept, **words)
        if chosen == "curves":
            return curves.curves(self, x=x or time, series=series or (others[0] if others else None), window=window, target=line, **words)
        if chosen == "stacked":
            pieces = parts or [name for name in value_columns(self) if name != value]
            return stacks.stacked(self, y=y or by[-1], parts=pieces, whole=value or "", title=words["title"], language=self.language)
        raise UsageError(f"chart: form is one of {', '.join(FORMS)}.")

    def only(self, **codes: object) -> PresentedRelease:
        """Return the rows with these codes (or labels), e.g. `only(dose="MR-1")`; the facts stay those of the whole release.

        Several values go in a list. Raises UsageError for a dimension the release does not have.
        """
        frame = self.frame
        for dimension, wanted in codes.items():
            if dimension not in self.facts.by:
                raise UsageError(f"only: {dimension} is no dimension of this release; it has {', '.join(self.facts.by) or 'none'}.")
            texts = [str(value) for value in (wanted if isinstance(wanted, list | tuple | set | range) else [wanted])]
            frame = frame.filter(pl.col(dimension).cast(pl.String).is_in(texts) | pl.col(label_of(dimension)).is_in(texts))
        return replace(self, frame=frame)

    def at(self, dimension: str, per: Mapping[str, object], *, of: str) -> PresentedRelease:
        """Return, for each code of `of`, only the row whose `dimension` is the one given for it, e.g. each dose at its own cohort."""
        for name in (dimension, of):
            if name not in self.facts.by:
                raise UsageError(f"at: {name} is no dimension of this release; it has {', '.join(self.facts.by) or 'none'}.")
        pairs = [(str(code), str(value)) for code, value in per.items()]
        order = pl.DataFrame(pairs, schema={"_of": pl.String, "_at": pl.String}, orient="row").with_row_index("_order")
        frame = self.frame.with_columns(_of=pl.col(of).cast(pl.String), _at=pl.col(dimension).cast(pl.String))
        return replace(self, frame=frame.join(order, on=["_of", "_at"], maintain_order="right").drop("_of", "_at", "_order"))

    def up_to(self, dimension: str, per: Mapping[str, int], *, of: str) -> PresentedRelease:
        """Return, for each code of `of`, only the rows whose `dimension` is at most the number given for it."""
        for name in (dimension, of):
            if name not in self.facts.by:
                raise UsageError(f"up_to: {name} is no dimension of this release; it has {', '.join(self.facts.by) or 'none'}.")
        within = [(pl.col(of).cast(pl.String) == code) & (pl.col(dimension) <= last) for code, last in per.items()]
        return replace(self, frame=self.frame.filter(pl.any_horizontal(within) if within else pl.lit(False)))

    def value(self, column: str, **codes: object) -> Figure:
        """Return one released value for a sentence, e.g. `value("doses_count", vaccine="MR")`.

        A combination that the release does not hold reads データがありません. Raises UsageError when more than one row answers.
        """
        if column not in value_columns(self):
            raise UsageError(f"value: {column} is no value column of this release; it has {', '.join(value_columns(self))}.")
        frame = self.only(**codes).frame
        if frame.height > 1:
            raise UsageError("value: more than one row answers; name the code of every dimension.")
        if frame.is_empty():
            return Figure(value=None, status="not_applicable", text=NO_DATA[self.language])
        row = frame.row(0, named=True)
        facts = column_facts(self.facts, column)
        return format_figure(row[column], status=row[status_of(column)], column=facts, language=self.language)

    def count(self, column: str, **codes: object) -> Figure:
        """Return one released count like `value`; a combination the release does not hold counts as none.

        Only releases that withhold nothing answer: with withheld values, what is missing may be withheld.
        """
        if self.only(**codes).is_empty and not self.facts.suppressed_cells:
            return format_figure(0, status="zero", column=column_facts(self.facts, column), language=self.language)
        return self.value(column, **codes)

    def share(self, column: str, *, part: Mapping[str, object], of: Mapping[str, object] | None = None) -> Figure:
        """Return which share of a column the rows of `part` make up, e.g. the quarantined rows among the rows of one kind of extract.

        For columns whose values add up (rows, doses, yen), not for persons. One masked value masks the share.
        """
        whole = self.only(**dict(of or {}))
        chosen = whole.only(**dict(part))
        rate = ColumnFacts(name=column, label="", label_en="", kind="rate", unit="")
        if "suppressed" in whole.frame.get_column(status_of(column)).to_list():
            return format_figure(None, status="suppressed", column=rate, language=self.language)
        total, counted = float(whole.frame.get_column(column).sum()), float(chosen.frame.get_column(column).sum())
        if not total:
            return Figure(value=None, status="not_applicable", text=NO_DATA[self.language])
        return format_figure(counted / total, status="value" if counted else "zero", column=rate, language=self.language)

    def shares(self, column: str, *, part: Mapping[str, object], of: str) -> Markdown:
        """Return a list with the share of `part` for each code of the dimension `of`; see `share`."""
        codes = codes_in_order(self, of)
        colon = "：" if self.language == "ja" else ": "
        lines = [f"- {label}{colon}{self.share(column, part=part, of={of: code})}" for code, label, *_ in codes]
        return Markdown("\n".join(lines) or NO_DATA[self.language] + ("。" if self.language == "ja" else "."))

    def change(self, column: str = "", *, name: str, name_en: str, over: str, at: int, whole: str = "", **codes: object) -> KeyFigure:
        """Return a rate at one cohort or year of `over`, with the one before and the size of the denominator (column `whole`)."""
        column = column or main_value(self)
        before = self.value(column, **{over: at - 1}, **codes)
        return KeyFigure(
            name=name if self.language == "ja" else name_en,
            scope=self.label(over, at),
            now=self.value(column, **{over: at}, **codes),
            before=before,
            whole=self.value(whole or value_columns(self)[0], **{over: at}, **codes),
            rule=denominator(self.facts, language=self.language),
            release_id=self.facts.release_id,
            language=self.language,
        )

    def lowest(self, column: str, *, of: str) -> str:
        """Return where a value is lowest and how low, for a sentence; where withheld values may be lower, that it cannot be said."""
        found = extreme(self, column, of=of)
        if found is None:
            return "秘匿した値があるため示せない" if self.language == "ja" else "not shown because values are withheld"
        return f"{found[0]}（{found[2]}）" if self.language == "ja" else f"{found[0]} ({found[2]})"

    def label(self, dimension: str, code: object) -> str:
        """Return how a code of a dimension is called, or a dash when the release does not hold it."""
        labels = self.only(**{dimension: code}).frame.get_column(label_of(dimension)).unique().to_list()
        return str(labels[0]) if labels else NOT_APPLICABLE_MARK

    def note(self) -> Markdown:
        """Return the small print of this release: rules, source, day, snapshot, profile, withheld values, number."""
        return write_note(self.facts, language=self.language)

    def caution(self, ja: str, en: str) -> Markdown:
        """Return a warning to stand out on the page when the release rests on unverified reference data; otherwise nothing."""
        if not self.facts.unverified:
            return Markdown("")
        head = "注意" if self.language == "ja" else "Caution"
        return Markdown(f"> **{head}：{ja}**" if self.language == "ja" else f"> **{head}: {en}**", role="caution")

    def _denominator_note(self, columns: Sequence[str] | None) -> tuple[str, ...]:
        """Return the denominator of the rates a table shows, to stand beside them."""
        shown = columns or value_columns(self)
        rule = denominator(self.facts, language=self.language)
        if not rule or not any(column_facts(self.facts, name).kind == "rate" for name in shown):
            return ()
        return (f"分母：{rule}。" if self.language == "ja" else f"Denominator: {rule}.",)

    def _title(self, title: str | None, title_en: str | None) -> str:
        if self.language == "ja":
            return title or self.facts.title
        return title_en or self.facts.title_en or self.facts.title

    def _suitable_form(self) -> str:
        by = self.facts.by
        if "age_months" in by:
            return "trend"
        if any(dimension.endswith("month") for dimension in by):
            return "months"
        if any(_is_time(dimension) for dimension in by):
            has_rate = any(column_facts(self.facts, name).kind == "rate" for name in value_columns(self))
            return "heat_map" if len(by) == 2 and has_rate else "trend"
        return "heat_map" if len(by) == 2 else "bars"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return self.table()._repr_mimebundle_()


def _is_time(dimension: str) -> bool:
    return dimension.endswith(("month", "age_months", "fiscal_year", "_fy"))
