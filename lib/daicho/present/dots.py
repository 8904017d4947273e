"""Dot charts: each value as a point tied to its target, in reading order or the lowest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from daicho.gate.release import Release
from daicho.present.chart_parts import empty, finish, layered, number_format, target_layers, tooltip
from daicho.present.picture import MARK, Picture, take_picture
from daicho.present.theme import SERIES_COLOURS, load_altair

if TYPE_CHECKING:
    import altair

_WHERE = "where"
_BELOW = "#B33C00"
_LEFT_OUT = {"ja": "秘匿した{}項目は順位に含まない。", "en": "{} withheld values are not ranked."}
_REST = {"ja": "低いほうから{}項目を示す。", "en": "The lowest {} are shown."}


def dots(
    release: Release,
    *,
    dimensions: Sequence[str],
    value: str | None = None,
    target: float | None = None,
    lowest: int | None = None,
    title: str,
    language: str = "ja",
) -> altair.LayerChart:
    """Draw a point for each combination, filled below the target and hollow from it on; `lowest` ranks and keeps that many.

    Withheld values show ＊, and are not ranked: their place would tell about them.
    """
    picture = take_picture(release, dimensions=dimensions, value=value, title=title, language=language)
    if not picture.rows:
        return empty(picture)
    alt = load_altair()
    spoken = [name for name in dimensions if not (name == "vaccine" and "dose" in dimensions)]
    rows = [{**row, _WHERE: "・".join(row[name] for name in spoken)} for row in picture.rows]
    further = ""
    if lowest is not None:
        masked = sum(row[picture.value] is None for row in rows)
        ranked = sorted((row for row in rows if row[picture.value] is not None), key=lambda row: row[picture.value])
        further = _LEFT_OUT[language].format(masked) if masked else ""
        further += _REST[language].format(lowest) if len(ranked) > lowest else ""
        rows = ranked[:lowest] or rows[:lowest]
    known = [float(row[picture.value]) for row in rows if row[picture.value] is not None]
    marks = [*known, *([target] if target is not None else [])]
    span = (max(marks) - min(marks)) if marks else 1.0
    low = max(0.0, min(marks, default=0.0) - max(0.12 * span, 0.01))
    high = max(marks, default=1.0) + max(0.16 * span, 0.015)
    order = [row[_WHERE] for row in rows]
    base = alt.Chart().encode(
        y=alt.Y(f"{_WHERE}:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False, grid=True, labelLimit=260)),
        tooltip=tooltip(picture, spoken),
    )
    is_known = f"isValid(datum['{picture.value}'])"
    x = alt.X(
        f"{picture.value}:Q",
        title=picture.value_title(),
        scale=alt.Scale(domain=[low, high], nice=False, zero=False),
        axis=alt.Axis(format=number_format(picture), tickCount=6, tickMinStep=0.01 if picture.kind == "rate" else 1, **_up_to_all(picture)),
    )
    drawn = base.transform_filter(is_known)
    layers = []
    if target is not None:
        ties = drawn.transform_calculate(goal=str(target)).mark_rule(color="#555", strokeWidth=1.5)
        layers.append(ties.encode(x=x, x2="goal:Q"))
        layers.extend(target_layers(picture, target, axis="x"))
        short = f"datum['{picture.value}'] < {target}"
        layers.append(drawn.transform_filter(short).mark_point(filled=True, size=90, opacity=1, color=_BELOW).encode(x=x))
        reached = drawn.transform_filter(f"!({short})")
        layers.append(
            reached.mark_point(filled=True, fill="#FFFFFF", stroke=SERIES_COLOURS[0], strokeWidth=2, size=90, opacity=1).encode(x=x)
        )
        layers.append(drawn.transform_filter(short).mark_text(align="right", dx=-9).encode(x=x, text=f"{MARK}:N"))
        layers.append(reached.mark_text(align="left", dx=9).encode(x=x, text=f"{MARK}:N"))
    else:
        layers.append(drawn.mark_point(filled=True, size=90, opacity=1, color=SERIES_COLOURS[0]).encode(x=x))
        layers.append(drawn.mark_text(align="left", dx=9).encode(x=x, text=f"{MARK}:N"))
    layers.append(base.transform_filter(f"!({is_known})").mark_text(align="left", fontSize=14).encode(x=alt.value(4), text=f"{MARK}:N"))
    shown = type(picture)(**{**picture.__dict__, "rows": tuple(rows)})
    form = "dots" if lowest is None else "ranking"
    height = max(24 * len(rows), 72)
    return finish(layered(shown, layers), shown, form=form, dimensions=spoken, height=height, target=target, further=further)


def _up_to_all(picture: Picture) -> dict[str, str]:
    """Leave ticks above 100 % unwritten where no rate is above it: the room there is for the written values."""
    is_share = picture.kind == "rate" and max(picture.known, default=0.0) <= 1
    return {"labelExpr": "datum.value <= 1.00001 ? datum.label : ''"} if is_share else {}
