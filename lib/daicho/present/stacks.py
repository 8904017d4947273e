"""Stacked bars: the parts of a whole as shares, from dark to light, so that their order is read in grey as in colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from daicho.core.errors import UsageError
from daicho.gate.release import Release, status_of
from daicho.present.chart_parts import empty, finish
from daicho.present.labels import SUPPRESSED_MARK, column_label
from daicho.present.picture import MARK, take_picture
from daicho.present.theme import MASKED_FILL, STACK_COLOURS, load_altair

if TYPE_CHECKING:
    import altair

_WITHHELD = {"ja": "秘匿（＊）", "en": "Withheld (＊)"}
_SHARE = {"ja": "{}に占める割合", "en": "Share of {}"}
_SHARE_OF_SHOWN = {"ja": "表示した人数に占める割合", "en": "Share of those shown"}
_PART = {"ja": "区分", "en": "class"}
_LEAST_WRITTEN = 0.07
# Beyond the bar, where nothing says how long a withheld part is.
_STUB = 0.03
_NARROW = 1e-9


def stacked(release: Release, *, y: str, parts: Sequence[str], whole: str, title: str, language: str = "ja") -> altair.LayerChart:
    """Draw one bar for each code of `y`, divided into the columns `parts` as shares of the column `whole` (empty: of the parts shown).

    What is withheld of a bar stands at its end, grey and dashed, as one part with ＊.
    """
    picture = take_picture(release, dimensions=[y], value=whole or parts[0], title=title, language=language)
    if not picture.rows:
        return empty(picture)
    if len(parts) > len(STACK_COLOURS):
        raise UsageError(f"chart: more than {len(STACK_COLOURS)} parts cannot be told apart.")
    alt = load_altair()
    names = [column_label(release.facts, part, language=language) for part in parts]
    rows: list[dict[str, Any]] = []
    for shown, row in zip(picture.rows, release.frame.iter_rows(named=True), strict=True):
        rows += _segments(row, where=shown[y], y=y, parts=dict(zip(parts, names, strict=True)), whole=whole, withheld=_WITHHELD[language])
    has_masked = any(row[MARK] == SUPPRESSED_MARK for row in rows)
    domain = [*names, *([_WITHHELD[language]] if has_masked else [])]
    colours = [*STACK_COLOURS[: len(names)], *([MASKED_FILL] if has_masked else [])]
    base = alt.Chart().encode(
        y=alt.Y(f"{y}:N", sort=picture.order(y), title=None, axis=alt.Axis(domain=False, ticks=False)),
        x=alt.X(
            "from:Q",
            title=_SHARE[language].format(picture.label_of(whole)) if whole else _SHARE_OF_SHOWN[language],
            scale=alt.Scale(domain=[0, max(1, *(row["to"] for row in rows))], nice=False),
            axis=alt.Axis(format=".0%", values=[0, 0.2, 0.4, 0.6, 0.8, 1]),
        ),
        x2="to:Q",
        tooltip=[alt.Tooltip(f"{y}:N", title=picture.label_of(y)), alt.Tooltip("part:N"), alt.Tooltip(f"{MARK}:N")],
    )
    legend = alt.Legend(title=None, columns=4, symbolStrokeWidth=1, symbolStrokeColor="#444")
    colour = alt.Color("part:N", sort=domain, scale=alt.Scale(domain=domain, range=colours), legend=legend)
    bars = base.mark_bar(stroke="#444", strokeWidth=0.7, height=alt.RelativeBandSize(0.72))
    written = base.transform_filter(f"datum.to - datum.from >= {_LEAST_WRITTEN}").transform_calculate(at="(datum.from + datum.to) / 2")
    ink = alt.condition(f"indexof({names[:2]}, datum.part) >= 0", alt.value("#FFFFFF"), alt.value("#111111"))
    layers = [
        bars.transform_filter(f"datum.{MARK} != '{SUPPRESSED_MARK}'").encode(color=colour),
        base.mark_bar(stroke="#8A8A8A", strokeDash=[3, 2], height=alt.RelativeBandSize(0.72))
        .transform_filter(f"datum.{MARK} == '{SUPPRESSED_MARK}'")
        .encode(color=colour),
        written.mark_text(fontSize=10).encode(x="at:Q", x2=alt.Undefined, text=f"{MARK}:N", color=ink),
    ]
    drawn = type(picture)(
        **{
            **picture.__dict__,
            "rows": tuple({**row, "where": f"{row[y]} {row['part']}", picture.value: row["share"]} for row in rows),
            "kind": "rate",
        }
    )
    chart = alt.layer(*layers, data=alt.Data(values=rows))
    return finish(
        chart,
        drawn,
        form="stacked",
        dimensions=[y, "part"],
        labels=[picture.label_of(y), _PART[language]],
        height=max(34 * len(picture.rows), 72),
    )


def _segments(row: dict[str, Any], *, where: str, y: str, parts: dict[str, str], whole: str, withheld: str) -> list[dict[str, Any]]:
    """Return the parts of one bar; masked ones together fill what is left."""
    is_masked = any(row[status_of(part)] == "suppressed" for part in parts)
    total = row[whole] if whole else sum(row[part] or 0 for part in parts)
    if not total:
        is_hidden = row[status_of(whole)] == "suppressed" if whole else is_masked
        return [_segment(y, where, withheld, 0.0, 1.0, None, SUPPRESSED_MARK)] if is_hidden else []
    found, at = [], 0.0
    for part, name in parts.items():
        if row[part] is not None:
            share = row[part] / total
            found.append(_segment(y, where, name, at, at + share, share, f"{share * 100:.1f} %"))
            at += share
    end = 1.0 if whole else 1 + _STUB
    if is_masked and at < end - _NARROW:
        found.append(_segment(y, where, withheld, at, end, None, SUPPRESSED_MARK))
    return found


def _segment(y: str, where: str, part: str, start: float, end: float, share: float | None, mark: str) -> dict[str, Any]:
    return {y: where, "part": part, "from": start, "to": end, "share": share, MARK: mark}
