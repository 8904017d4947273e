"""Charts of a release: only released values, only the columns drawn, masked values marked, alternative text always set.

Sizes are CSS pixels: charts are as wide as the text column of an A4 page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daicho.gate.release import Release
from daicho.present.chart_parts import (
    MAX_SERIES,
    bar_labels,
    empty,
    finish,
    is_masked,
    layered,
    limit_series,
    masked,
    number_format,
    series_encoding,
    smallest_step,
    tallest,
    target_layers,
    title_above,
    tooltip,
    value_domain,
)
from daicho.present.picture import MARK, take_picture
from daicho.present.theme import HEAT_SCHEME, MASKED_FILL, SERIES_COLOURS, load_altair

if TYPE_CHECKING:
    import altair

__all__ = ["MAX_SERIES", "bars", "heat_map", "monthly_bars", "trend"]


def trend(
    release: Release,
    *,
    x: str,
    series: str | None = None,
    value: str | None = None,
    target: float | None = None,
    title: str,
    language: str = "ja",
) -> altair.LayerChart:
    """Draw lines over cohorts, months or years; `target` (in the value's unit: 0.95 for 95 %) is a labelled line.

    A masked value breaks its line and shows as ＊ on the axis.
    """
    dimensions = [x, *([series] if series else [])]
    picture = take_picture(release, dimensions=dimensions, value=value, title=title, language=language, short=[x])
    if not picture.rows:
        return empty(picture)
    alt = load_altair()
    limit_series(picture, series)
    y = alt.Y(
        f"{picture.value}:Q",
        title=picture.value_title(),
        scale=alt.Scale(domain=value_domain(picture, target), zero=False, nice=False),
        axis=alt.Axis(format=number_format(picture), tickCount=6, **title_above()),
    )
    base = alt.Chart().encode(
        x=alt.X(
            f"{x}:N",
            sort=picture.order(x),
            title=picture.label_of(x),
            axis=alt.Axis(labelAngle=0, grid=False),
            scale=alt.Scale(type="point", padding=0.4),
        ),
        tooltip=tooltip(picture, dimensions),
    )
    look = series_encoding(picture, series)
    lines = {channel: encoding for channel, encoding in look.items() if channel != "shape"}
    points = {channel: encoding for channel, encoding in look.items() if channel != "strokeDash"}
    layers = [
        base.mark_line(strokeWidth=2, color=SERIES_COLOURS[0]).encode(y=y, **lines),
        base.mark_point(filled=True, size=60, opacity=1, color=SERIES_COLOURS[0]).encode(y=y, **points),
    ]
    if picture.has_masked:
        colour = {channel: encoding for channel, encoding in look.items() if channel == "color"}
        layers.append(masked(base, y=alt.value("height"), dy=-8).encode(**colour))
    if target is not None:
        layers.extend(target_layers(picture, target, axis="y"))
    return finish(layered(picture, layers), picture, form="trend", dimensions=dimensions, height=260, target=target)


def heat_map(release: Release, *, x: str, y: str, value: str | None = None, title: str, language: str = "ja") -> altair.LayerChart:
    """Draw a field for each pair, coloured and written; masked fields are grey with ＊, fields that do not apply are white with －."""
    picture = take_picture(release, dimensions=[y, x], value=value, title=title, language=language, short=[x])
    if not picture.rows:
        return empty(picture)
    alt = load_altair()
    known = picture.known
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    base = alt.Chart().encode(
        x=alt.X(
            f"{x}:N",
            sort=picture.order(x),
            title=picture.label_of(x),
            axis=alt.Axis(labelAngle=0, orient="top", domain=False, ticks=False),
        ),
        y=alt.Y(f"{y}:N", sort=picture.order(y), title=None, axis=alt.Axis(domain=False, ticks=False)),
        tooltip=tooltip(picture, [y, x]),
    )
    colour = alt.Color(
        f"{picture.value}:Q",
        title=picture.value_title(),
        scale=alt.Scale(scheme=HEAT_SCHEME, domain=[low, high if high > low else low + 1]),
        legend=alt.Legend(format=number_format(picture), gradientLength=220, titleLimit=400),
    )
    is_known, is_dark = f"isValid(datum['{picture.value}'])", f"datum['{picture.value}'] < {low + ((high - low) or 1) * 0.55}"
    fields = base.mark_rect(stroke="#FFFFFF", strokeWidth=2).transform_filter(is_known).encode(color=colour)
    withheld = base.mark_rect(fill=MASKED_FILL, stroke="#8A8A8A", strokeDash=[3, 2], strokeWidth=1).transform_filter(is_masked())
    ink = alt.condition(f"{is_known} && {is_dark}", alt.value("#FFFFFF"), alt.value("#111111"))
    words = base.mark_text(fontSize=12).encode(text=f"{MARK}:N", color=ink)
    layers = [fields, withheld, words] if known else [withheld, words]
    return finish(layered(picture, layers), picture, form="heat_map", dimensions=[y, x], height=34 * len(picture.order(y)))


def bars(
    release: Release,
    *,
    y: str,
    value: str | None = None,
    target: float | None = None,
    is_sorted: bool = False,
    title: str,
    language: str = "ja",
) -> altair.LayerChart:
    """Draw horizontal bars by category with the value written at the end; `is_sorted` puts the largest first."""
    picture = take_picture(release, dimensions=[y], value=value, title=title, language=language)
    if not picture.rows:
        return empty(picture)
    alt = load_altair()
    largest_first = sorted(picture.rows, key=lambda row: -(row[picture.value] or 0))
    order = [row[y] for row in largest_first] if is_sorted else picture.order(y)
    low = min([*picture.known, 0])
    high = max([*picture.known, target or 0, 0]) or float(not low)
    base = alt.Chart().encode(
        y=alt.Y(f"{y}:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False)), tooltip=tooltip(picture, [y])
    )
    x = alt.X(
        f"{picture.value}:Q",
        title=picture.value_title(),
        scale=alt.Scale(domain=[low * 1.14, high * 1.14], nice=False),
        axis=alt.Axis(format=number_format(picture), tickCount=6, tickMinStep=smallest_step(picture)),
    )
    layers = [base.mark_bar(color=SERIES_COLOURS[0], height=alt.RelativeBandSize(0.7)).encode(x=x)]
    if target is not None:
        layers.extend(target_layers(picture, target, axis="x"))
    layers.extend(bar_labels(picture, base, is_inside=target is not None, longest=high))
    return finish(layered(picture, layers), picture, form="bars", dimensions=[y], height=max(24 * len(order), 72), target=target)


def monthly_bars(
    release: Release, *, x: str = "month", series: str | None = None, value: str | None = None, title: str, language: str = "ja"
) -> altair.LayerChart:
    """Draw upright bars by month. With `series` they are stacked; a masked part is left out of its stack, and ＊ stands above."""
    dimensions = [x, *([series] if series else [])]
    picture = take_picture(release, dimensions=dimensions, value=value, title=title, language=language, short=[x])
    if not picture.rows:
        return empty(picture)
    alt = load_altair()
    limit_series(picture, series)
    base = alt.Chart().encode(
        x=alt.X(f"{x}:N", sort=picture.order(x), title=picture.label_of(x), axis=alt.Axis(labelAngle=0, grid=False, labelOverlap=True)),
        tooltip=tooltip(picture, dimensions),
    )
    y = alt.Y(
        f"{picture.value}:Q",
        title=picture.value_title(),
        stack="zero" if series else None,
        scale=alt.Scale(domain=[0, tallest(picture, x) * 1.12], nice=False),
        axis=alt.Axis(format=number_format(picture), tickMinStep=smallest_step(picture), **title_above()),
    )
    colour = {channel: encoding for channel, encoding in series_encoding(picture, series).items() if channel == "color"}
    layers = [base.mark_bar(color=SERIES_COLOURS[0], stroke="#FFFFFF", strokeWidth=0.8).encode(y=y, **colour)]
    if picture.has_masked:
        layers.append(masked(base, y=alt.value(0 if series else "height"), dy=8 if series else -8))
    if not series and len(picture.rows) <= 13 and picture.kind == "count":
        layers.append(base.transform_filter(f"!({is_masked()})").mark_text(dy=-7, fontSize=10).encode(y=y, text=f"{MARK}:N"))
    return finish(layered(picture, layers), picture, form="months", dimensions=dimensions, height=240)
