"""A tile map: each district a square where the office's layout puts it (district.csv), coloured and written with its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from daicho.gate.release import Release
from daicho.present.chart_parts import empty, finish, is_masked, layered, number_format, tooltip
from daicho.present.picture import MARK, take_picture
from daicho.present.reading_order import codes_in_order
from daicho.present.theme import HEAT_SCHEME, MASKED_FILL, load_altair

if TYPE_CHECKING:
    import altair

TILE_PX = 104
_BESIDE = {"ja": "配置図にない区分（住所不明など）は表に示す。", "en": "What has no place on the map (address unknown) is in the table."}


def tile_map(
    release: Release,
    *,
    y: str,
    places: Mapping[str, tuple[int, int]],
    value: str | None = None,
    title: str,
    language: str = "ja",
) -> altair.LayerChart:
    """Draw squares at `places` (code → row, column, from 1). Withheld ones are grey and dashed with ＊, those that do not apply white with －."""
    picture = take_picture(release, dimensions=[y], value=value, title=title, language=language)
    placed = {str(label): places[str(code)] for code, label, *_ in codes_in_order(release, y) if str(code) in places}
    rows = [{**row, "tile_row": placed[row[y]][0], "tile_column": placed[row[y]][1]} for row in picture.rows if row[y] in placed]
    if not rows:
        return empty(picture)
    alt = load_altair()
    known = [float(row[picture.value]) for row in rows if row[picture.value] is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    tall, wide = max(row for row, _ in placed.values()), max(column for _, column in placed.values())
    base = alt.Chart().encode(
        x=alt.X("tile_column:O", axis=None, scale=alt.Scale(domain=list(range(1, wide + 1)), range=[0, wide * TILE_PX * 1.5])),
        y=alt.Y("tile_row:O", axis=None, scale=alt.Scale(domain=list(range(1, tall + 1)))),
        tooltip=tooltip(picture, [y]),
    )
    is_known = f"isValid(datum['{picture.value}'])"
    is_dark = f"datum['{picture.value}'] < {low + ((high - low) or 1) * 0.55}"
    colour = alt.Color(
        f"{picture.value}:Q",
        title=picture.value_title(),
        scale=alt.Scale(scheme=HEAT_SCHEME, domain=[low, high if high > low else low + 1]),
        legend=alt.Legend(format=number_format(picture), gradientLength=220, titleLimit=400),
    )
    ink = alt.condition(f"{is_known} && {is_dark}", alt.value("#FFFFFF"), alt.value("#111111"))
    layers = [base.mark_rect(stroke="#FFFFFF", strokeWidth=4).transform_filter(is_known).encode(color=colour)] if known else []
    layers += [
        base.mark_rect(fill=MASKED_FILL, stroke="#8A8A8A", strokeDash=[4, 3]).transform_filter(is_masked()),
        base.mark_rect(fill="#FFFFFF", stroke="#8A8A8A").transform_filter(f"!({is_known}) && !({is_masked()})"),
        base.mark_text(fontSize=13, fontWeight="bold", dy=-12).encode(text=f"{y}:N", color=ink),
        base.mark_text(fontSize=15, dy=12).encode(text=f"{MARK}:N", color=ink),
    ]
    missing = _BESIDE[language] if len(rows) < len(picture.rows) else ""
    shown = type(picture)(**{**picture.__dict__, "rows": tuple(rows)})
    return finish(layered(shown, layers), shown, form="tile_map", dimensions=[y], height=TILE_PX * tall, further=missing)
