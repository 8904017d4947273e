"""Cumulative curves by month of age: steps with their interval as a band, the due window shaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daicho.gate.release import Release
from daicho.present.chart_parts import empty, finish, layered, limit_series, masked, series_encoding, target_layers, title_above, tooltip
from daicho.present.cross_tables import value_columns
from daicho.present.picture import take_picture
from daicho.present.theme import DUE_FILL, SERIES_COLOURS, load_altair

if TYPE_CHECKING:
    import altair

LOW, HIGH = "ci_low", "ci_high"
_DUE = {"ja": "標準的な接種期間", "en": "due window"}
_SHADED = {
    "ja": "{}（生後{}か月から{}か月に達するまで）に色を付けた。帯は95%信頼区間。",
    "en": "The {} (from {} to {} months of age) is shaded; bands are 95 % intervals.",
}


def curves(
    release: Release,
    *,
    x: str,
    series: str | None = None,
    value: str | None = None,
    window: tuple[float, float] | None = None,
    target: float | None = None,
    title: str,
    language: str = "ja",
) -> altair.LayerChart:
    """Draw a step for each series over months of age. Months withheld are stepped over: the curve rises where enough people are pooled."""
    dimensions = [x, *([series] if series else [])]
    picture = take_picture(release, dimensions=dimensions, value=value, title=title, language=language)
    if not picture.rows:
        return empty(picture)
    limit_series(picture, series)
    alt = load_altair()
    has_band = {LOW, HIGH} <= set(value_columns(release))
    bounds = release.frame.select(LOW, HIGH).rows() if has_band else [(None, None)] * len(picture.rows)
    rows = tuple(
        {**row, "age": int(months), LOW: low, HIGH: high}
        for row, months, (low, high) in zip(picture.rows, release.frame.get_column(x).to_list(), bounds, strict=True)
    )
    last = max(row["age"] for row in rows)
    base = alt.Chart().encode(
        x=alt.X(
            "age:Q",
            title=picture.label_of(x),
            scale=alt.Scale(domain=[0, last], nice=False),
            axis=alt.Axis(values=list(range(0, last + 1, 3 if last <= 36 else 6)), format="d", grid=False),
        )
    )
    y = alt.Y(
        f"{picture.value}:Q",
        title=picture.value_title(),
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(format=".0%", values=[0, 0.2, 0.4, 0.6, 0.8, 1], **title_above()),
    )
    look = series_encoding(picture, series)
    fill = {}
    if series:
        names = picture.order(series)
        scale = alt.Scale(domain=names, range=list(SERIES_COLOURS[: len(names)]))
        fill = {"fill": alt.Fill(f"{series}:N", sort=names, scale=scale, legend=None)}
    points = {channel: encoding for channel, encoding in look.items() if channel != "strokeDash"}
    lines = {channel: encoding for channel, encoding in look.items() if channel != "shape"}
    layers = []
    if window is not None and window[0] < last:
        span = alt.Chart(alt.Data(values=[{"from": window[0], "to": min(window[1], last), "words": _DUE[language]}]))
        layers.append(span.mark_rect(fill=DUE_FILL, stroke="#B08A3C", strokeWidth=0.8, strokeDash=[3, 3]).encode(x="from:Q", x2="to:Q"))
        # At the end of the window, where the curves have risen, so that none runs through the words.
        words = span.mark_text(align="right", dx=-6, color="#5C4410")
        layers.append(words.encode(x="to:Q", y=alt.value("height"), text="words:N", yOffset=alt.value(-10)))
    drawn = base.transform_filter(f"isValid(datum['{picture.value}'])")
    if has_band:
        band = drawn.transform_filter(f"isValid(datum.{LOW})").mark_area(opacity=0.18, interpolate="step-after", color=SERIES_COLOURS[0])
        layers.append(band.encode(y=alt.Y(f"{LOW}:Q"), y2=f"{HIGH}:Q", **fill))
    line = drawn.mark_line(strokeWidth=2, interpolate="step-after", color=SERIES_COLOURS[0])
    layers.append(line.encode(y=y, tooltip=tooltip(picture, dimensions), **lines))
    layers.append(drawn.mark_point(filled=True, size=42, opacity=1, color=SERIES_COLOURS[0]).encode(y=y, **points))
    if picture.has_masked and (series is None or not picture.known):
        layers.append(masked(base, y=alt.value("height"), dy=-8))
    if target is not None:
        layers.extend(target_layers(picture, target, axis="y"))
    shown = type(picture)(**{**picture.__dict__, "rows": rows})
    further = "" if window is None else _SHADED[language].format(_DUE[language], f"{window[0]:g}", f"{window[1]:g}")
    # One legend, of lines with their points: beside it, that of the bands is apart, and empty.
    chart = layered(shown, layers).resolve_legend(fill="independent") if has_band and series else layered(shown, layers)
    return finish(chart, shown, form="curves", dimensions=dimensions, height=280, target=target, further=further)
