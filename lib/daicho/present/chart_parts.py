"""What the forms of charts share: layers over one copy of the data, marks of withheld values, targets, scales, alternative text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from daicho.core.errors import UsageError
from daicho.present.alt_text import describe_chart
from daicho.present.labels import NO_DATA, SUPPRESSED_MARK, column_heading, format_value
from daicho.present.picture import MARK, Picture
from daicho.present.theme import SERIES_COLOURS, SERIES_DASHES, SERIES_SHAPES, TARGET_COLOUR, TEXT_WIDTH_PX, load_altair

if TYPE_CHECKING:
    import altair

_NUMBER_FORMAT = {"rate": ".0%", "count": ",d", "yen": ",d", "estimate": ",.1f"}
_TARGET_LABEL = {"ja": "目標", "en": "Target"}
MAX_SERIES = len(SERIES_COLOURS)


def layered(picture: Picture, layers: Sequence[Any]) -> Any:
    """Put layers over one copy of the data."""
    alt = load_altair()
    return alt.layer(*layers, data=alt.Data(values=list(picture.rows)))


def is_masked() -> str:
    return f"datum.{MARK} == '{SUPPRESSED_MARK}'"


def masked(base: Any, *, y: Any, dy: int) -> Any:
    return base.transform_filter(is_masked()).mark_text(fontSize=15, dy=dy).encode(y=y, text=f"{MARK}:N")


def bar_labels(picture: Picture, base: Any, *, is_inside: bool, longest: float) -> list[Any]:
    """Write values at the ends of bars (below zero at the line of zero); inside at the foot of long ones where a target line would run through them."""
    field = f"datum['{picture.value}']"
    fits = f"isValid({field}) && {field} > {longest * 0.2}" if is_inside else "false"
    outside = base.transform_filter(f"!({fits})").transform_calculate(end=f"isValid({field}) && {field} > 0 ? {field} : 0")
    layers = [outside.mark_text(align="left", dx=4).encode(x="end:Q", text=f"{MARK}:N")]
    if is_inside:
        inside = base.transform_filter(fits).transform_calculate(end="0")
        layers.append(inside.mark_text(align="left", dx=8, color="#FFFFFF").encode(x="end:Q", text=f"{MARK}:N"))
    return layers


def number_format(picture: Picture) -> str:
    return _NUMBER_FORMAT.get(picture.kind, ",")


def title_above() -> dict[str, Any]:
    """Set the title of an upright axis above it, so that it reads without turning the page and is never cut by the height of the chart."""
    return {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleBaseline": "bottom", "titleX": -30, "titleY": -10}


def smallest_step(picture: Picture) -> float:
    return 0.01 if picture.kind == "rate" else 1


def limit_series(picture: Picture, series: str | None) -> None:
    if series and len(picture.order(series)) > MAX_SERIES:
        raise UsageError(f"chart: more than {MAX_SERIES} of {series} cannot be told apart; filter it, or draw a heat map.")


def tooltip(picture: Picture, dimensions: Sequence[str]) -> list[Any]:
    alt = load_altair()
    words = [alt.Tooltip(f"{name}:N", title=picture.label_of(name)) for name in dimensions]
    return [*words, alt.Tooltip(f"{MARK}:N", title=column_heading(picture.release.facts, picture.value, language=picture.language))]


def series_encoding(picture: Picture, series: str | None) -> dict[str, Any]:
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


def tallest(picture: Picture, x: str) -> float:
    """Return the height of the highest bar or stack."""
    heights: dict[str, float] = {}
    for row in picture.rows:
        heights[row[x]] = heights.get(row[x], 0) + (row[picture.value] or 0)
    return max(heights.values()) or 1


def value_domain(picture: Picture, target: float | None) -> list[float]:
    """Rates end at 100 % or above and begin just under the lowest; amounts begin at zero."""
    known = picture.known + ([target] if target is not None else [])
    if picture.kind != "rate":
        return [0, max([*known, 1]) * 1.05]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    return [max(0.0, int((low - 0.03) * 20) / 20), max(1.0, high)]


def target_layers(picture: Picture, target: float, *, axis: str) -> list[Any]:
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


def finish(
    chart: Any,
    picture: Picture,
    *,
    form: str,
    dimensions: Sequence[str],
    height: int,
    target: float | None = None,
    further: str = "",
    labels: Sequence[str] = (),
) -> altair.LayerChart:
    """Give a chart its title, size and alternative text; `further` is a sentence of the form's own, `labels` name what has no column."""
    alt = load_altair()
    description = describe_chart(
        form=form,
        title=picture.title,
        value_label=picture.label_of(picture.value),
        axis_labels=labels or [picture.label_of(name) for name in dimensions],
        points=[("・".join(row[name] for name in dimensions), row[picture.value], row[MARK]) for row in picture.rows],
        unit=picture.unit(),
        target=None if target is None else format_value(target, status="value", kind=picture.kind),
        language=picture.language,
        further=further,
    )
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    finished: altair.LayerChart = chart.properties(
        title=picture.title, description=description, width=TEXT_WIDTH_PX, height=height, autosize=fit
    )
    return finished


def empty(picture: Picture) -> altair.LayerChart:
    alt = load_altair()
    text = NO_DATA[picture.language]
    words = alt.Chart(alt.Data(values=[{MARK: text}])).mark_text(fontSize=14, color="#555").encode(text=f"{MARK}:N")
    description = f"{picture.title}: {text}"
    said: altair.LayerChart = alt.layer(words).properties(title=picture.title, description=description, width=TEXT_WIDTH_PX, height=80)
    return said
