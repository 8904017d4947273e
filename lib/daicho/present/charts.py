"""Charts of a release: only released values, only the columns drawn, masked values marked, alternative text always set.

Sizes are CSS pixels: charts are as wide as the text column of an A4 page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from daicho.core.errors import UsageError
from daicho.gate.release import Release
from daicho.present.alt_text import describe_chart
from daicho.present.labels import NO_DATA, SUPPRESSED_MARK, column_heading, format_value
from daicho.present.picture import MARK, Picture, take_picture
from daicho.present.theme import (
    HEAT_SCHEME,
    MASKED_FILL,
    SERIES_COLOURS,
    SERIES_DASHES,
    SERIES_SHAPES,
    TARGET_COLOUR,
    TEXT_WIDTH_PX,
    load_altair,
)

if TYPE_CHECKING:
    import altair

_NUMBER_FORMAT = {"rate": ".0%", "count": ",d", "yen": ",d"}
_TARGET_LABEL = {"ja": "目標", "en": "Target"}
MAX_SERIES = len(SERIES_COLOURS)


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
        return _empty(picture)
    alt = load_altair()
    _limit_series(picture, series)
    y = alt.Y(
        f"{picture.value}:Q",
        title=picture.value_title(),
        scale=alt.Scale(domain=_value_domain(picture, target), zero=False, nice=False),
        axis=alt.Axis(format=_number_format(picture), tickCount=6),
    )
    base = alt.Chart().encode(
        x=alt.X(
            f"{x}:N",
            sort=picture.order(x),
            title=picture.label_of(x),
            axis=alt.Axis(labelAngle=0, grid=False),
            scale=alt.Scale(type="point", padding=0.4),
        ),
        tooltip=_tooltip(picture, dimensions),
    )
    look = _series_encoding(picture, series)
    lines = {channel: encoding for channel, encoding in look.items() if channel != "shape"}
    points = {channel: encoding for channel, encoding in look.items() if channel != "strokeDash"}
    layers = [
        base.mark_line(strokeWidth=2, color=SERIES_COLOURS[0]).encode(y=y, **lines),
        base.mark_point(filled=True, size=60, opacity=1, color=SERIES_COLOURS[0]).encode(y=y, **points),
    ]
    if picture.has_masked:
        colour = {channel: encoding for channel, encoding in look.items() if channel == "color"}
        layers.append(_masked(base, y=alt.value("height"), dy=-8).encode(**colour))
    if target is not None:
        layers.extend(_target_layers(picture, target, axis="y"))
    return _finish(_layered(picture, layers), picture, form="trend", dimensions=dimensions, height=260, target=target)


def heat_map(release: Release, *, x: str, y: str, value: str | None = None, title: str, language: str = "ja") -> altair.LayerChart:
    """Draw a field for each pair, coloured and written; masked fields are grey with ＊, fields that do not apply are white with －."""
    picture = take_picture(release, dimensions=[y, x], value=value, title=title, language=language, short=[x])
    if not picture.rows:
        return _empty(picture)
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
        tooltip=_tooltip(picture, [y, x]),
    )
    colour = alt.Color(
        f"{picture.value}:Q",
        title=picture.value_title(),
        scale=alt.Scale(scheme=HEAT_SCHEME, domain=[low, high if high > low else low + 1]),
        legend=alt.Legend(format=_number_format(picture), gradientLength=220, titleLimit=400),
    )
    is_known, is_dark = f"isValid(datum['{picture.value}'])", f"datum['{picture.value}'] < {low + (high - low) * 0.55}"
    fields = base.mark_rect(stroke="#FFFFFF", strokeWidth=2).transform_filter(is_known).encode(color=colour)
    masked = base.mark_rect(fill=MASKED_FILL, stroke="#8A8A8A", strokeDash=[3, 2], strokeWidth=1).transform_filter(_is_masked())
    ink = alt.condition(f"{is_known} && {is_dark}", alt.value("#FFFFFF"), alt.value("#111111"))
    words = base.mark_text(fontSize=12).encode(text=f"{MARK}:N", color=ink)
    layers = [fields, masked, words] if known else [masked, words]
    return _finish(_layered(picture, layers), picture, form="heat_map", dimensions=[y, x], height=34 * len(picture.order(y)))


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
        return _empty(picture)
    alt = load_altair()
    largest_first = sorted(picture.rows, key=lambda row: -(row[picture.value] or 0))
    order = [row[y] for row in largest_first] if is_sorted else picture.order(y)
    high = max([*picture.known, target or 0, 0]) or 1
    base = alt.Chart().encode(
        y=alt.Y(f"{y}:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False)), tooltip=_tooltip(picture, [y])
    )
    x = alt.X(
        f"{picture.value}:Q",
        title=picture.value_title(),
        scale=alt.Scale(domain=[0, high * 1.14], nice=False),
        axis=alt.Axis(format=_number_format(picture), tickCount=6, tickMinStep=_smallest_step(picture)),
    )
    layers = [base.mark_bar(color=SERIES_COLOURS[0], height=alt.RelativeBandSize(0.7)).encode(x=x)]
    if target is not None:
        layers.extend(_target_layers(picture, target, axis="x"))
    layers.extend(_bar_labels(picture, base, is_inside=target is not None, longest=high))
    return _finish(_layered(picture, layers), picture, form="bars", dimensions=[y], height=max(24 * len(order), 72), target=target)


def monthly_bars(
    release: Release, *, x: str = "month", series: str | None = None, value: str | None = None, title: str, language: str = "ja"
) -> altair.LayerChart:
    """Draw upright bars by month. With `series` they are stacked; a masked part is left out of its stack, and ＊ stands above."""
    dimensions = [x, *([series] if series else [])]
    picture = take_picture(release, dimensions=dimensions, value=value, title=title, language=language, short=[x])
    if not picture.rows:
        return _empty(picture)
    alt = load_altair()
    _limit_series(picture, series)
    base = alt.Chart().encode(
        x=alt.X(f"{x}:N", sort=picture.order(x), title=picture.label_of(x), axis=alt.Axis(labelAngle=0, grid=False)),
        tooltip=_tooltip(picture, dimensions),
    )
    y = alt.Y(
        f"{picture.value}:Q",
        title=picture.value_title(),
        stack="zero" if series else None,
        scale=alt.Scale(domain=[0, _tallest(picture, x) * 1.12], nice=False),
        axis=alt.Axis(format=_number_format(picture), tickMinStep=_smallest_step(picture)),
    )
    colour = {channel: encoding for channel, encoding in _series_encoding(picture, series).items() if channel == "color"}
    layers = [base.mark_bar(color=SERIES_COLOURS[0], stroke="#FFFFFF", strokeWidth=0.8).encode(y=y, **colour)]
    if picture.has_masked:
        layers.append(_masked(base, y=alt.value(0 if series else "height"), dy=8 if series else -8))
    if not series and len(picture.rows) <= 13 and picture.kind == "count":
        layers.append(base.transform_filter(f"!({_is_masked()})").mark_text(dy=-7, fontSize=10).encode(y=y, text=f"{MARK}:N"))
    return _finish(_layered(picture, layers), picture, form="months", dimensions=dimensions, height=240)


def _layered(picture: Picture, layers: Sequence[Any]) -> Any:
    """Put layers over one copy of the data."""
    alt = load_altair()
    return alt.layer(*layers, data=alt.Data(values=list(picture.rows)))


def _is_masked() -> str:
    return f"datum.{MARK} == '{SUPPRESSED_MARK}'"


def _masked(base: Any, *, y: Any, dy: int) -> Any:
    return base.transform_filter(_is_masked()).mark_text(fontSize=15, dy=dy).encode(y=y, text=f"{MARK}:N")


def _bar_labels(picture: Picture, base: Any, *, is_inside: bool, longest: float) -> list[Any]:
    """Write values at the ends of bars; inside at the foot of long ones where a target line would run through them."""
    field = f"datum['{picture.value}']"
    fits = f"isValid({field}) && {field} > {longest * 0.2}" if is_inside else "false"
    outside = base.transform_filter(f"!({fits})").transform_calculate(end=f"isValid({field}) ? {field} : 0")
    layers = [outside.mark_text(align="left", dx=4).encode(x="end:Q", text=f"{MARK}:N")]
    if is_inside:
        inside = base.transform_filter(fits).transform_calculate(end="0")
        layers.append(inside.mark_text(align="left", dx=8, color="#FFFFFF").encode(x="end:Q", text=f"{MARK}:N"))
    return layers


def _number_format(picture: Picture) -> str:
    return _NUMBER_FORMAT.get(picture.kind, ",")


def _smallest_step(picture: Picture) -> float:
    return 0.01 if picture.kind == "rate" else 1


def _limit_series(picture: Picture, series: str | None) -> None:
    if series and len(picture.order(series)) > MAX_SERIES:
        raise UsageError(f"chart: more than {MAX_SERIES} of {series} cannot be told apart; filter it, or draw a heat map.")


def _tooltip(picture: Picture, dimensions: Sequence[str]) -> list[Any]:
    alt = load_altair()
    words = [alt.Tooltip(f"{name}:N", title=picture.label_of(name)) for name in dimensions]
    return [*words, alt.Tooltip(f"{MARK}:N", title=column_heading(picture.release.facts, picture.value, language=picture.language))]


def _series_encoding(picture: Picture, series: str | None) -> dict[str, Any]:
    """Tell series apart by colour, dash and shape together, so that a grey print still can."""
    if series is None:
        return {}
    alt = load_altair()
    names, title = picture.order(series), picture.label_of(series)

    def scale(values: Sequence[object]) -> Any:
        return alt.Scale(domain=names, range=list(values[: len(names)]))

    return {
        "color": alt.Color(f"{series}:N", title=title, sort=names, scale=scale(SERIES_COLOURS)),
        "strokeDash": alt.StrokeDash(f"{series}:N", title=title, sort=names, scale=scale(SERIES_DASHES)),
        "shape": alt.Shape(f"{series}:N", title=title, sort=names, scale=scale(SERIES_SHAPES)),
    }


def _tallest(picture: Picture, x: str) -> float:
    """Return the height of the highest bar or stack."""
    heights: dict[str, float] = {}
    for row in picture.rows:
        heights[row[x]] = heights.get(row[x], 0) + (row[picture.value] or 0)
    return max(heights.values()) or 1


def _value_domain(picture: Picture, target: float | None) -> list[float]:
    """Rates end at 100 % or above and begin just under the lowest; amounts begin at zero."""
    known = picture.known + ([target] if target is not None else [])
    if picture.kind != "rate":
        return [0, max([*known, 1]) * 1.05]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    return [max(0.0, int((low - 0.03) * 20) / 20), max(1.0, high)]


def _target_layers(picture: Picture, target: float, *, axis: str) -> list[Any]:
    alt = load_altair()
    number = format_value(target, status="value", kind=picture.kind).replace(".0 %", " %")
    one = alt.Chart(alt.Data(values=[{"target": target}]))
    place = {"y": alt.Y("target:Q")} if axis == "y" else {"x": alt.X("target:Q")}
    at_end = {"x": alt.value("width")} if axis == "y" else {"y": alt.value(-6)}
    rule = one.mark_rule(color=TARGET_COLOUR, strokeDash=[6, 4], strokeWidth=1.5).encode(**place)
    words = one.mark_text(
        align="left" if axis == "y" else "center",
        dx=4 if axis == "y" else 0,
        color=TARGET_COLOUR,
        text=f"{_TARGET_LABEL[picture.language]} {number}",
    )
    return [rule, words.encode(**place, **at_end)]


def _finish(
    chart: Any, picture: Picture, *, form: str, dimensions: Sequence[str], height: int, target: float | None = None
) -> altair.LayerChart:
    alt = load_altair()
    description = describe_chart(
        form=form,
        title=picture.title,
        value_label=picture.label_of(picture.value),
        axis_labels=[picture.label_of(name) for name in dimensions],
        points=[("・".join(row[name] for name in dimensions), row[picture.value], row[MARK]) for row in picture.rows],
        unit=picture.unit(),
        target=None if target is None else format_value(target, status="value", kind=picture.kind),
        language=picture.language,
    )
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    finished: altair.LayerChart = chart.properties(
        title=picture.title, description=description, width=TEXT_WIDTH_PX, height=height, autosize=fit
    )
    return finished


def _empty(picture: Picture) -> altair.LayerChart:
    alt = load_altair()
    text = NO_DATA[picture.language]
    words = alt.Chart(alt.Data(values=[{MARK: text}])).mark_text(fontSize=14, color="#555").encode(text=f"{MARK}:N")
    description = f"{picture.title}: {text}"
    said: altair.LayerChart = alt.layer(words).properties(title=picture.title, description=description, width=TEXT_WIDTH_PX, height=80)
    return said
