"""The alternative text of a chart: what it is, over what, where the extremes lie, how much is withheld."""

from __future__ import annotations

from collections.abc import Sequence

from daicho.present.labels import SUPPRESSED_MARK

_FORMS = {
    "ja": {
        "trend": "折れ線グラフ",
        "heat_map": "色分け表（ヒートマップ）",
        "bars": "横棒グラフ",
        "months": "縦棒グラフ",
        "tile_map": "地区の配置図（タイルマップ）",
        "dots": "点グラフ",
        "ranking": "低い順の点グラフ",
        "curves": "月齢別の累積曲線",
        "stacked": "帯グラフ（構成比）",
    },
    "en": {
        "trend": "Line chart",
        "heat_map": "Heat map",
        "bars": "Bar chart",
        "months": "Column chart",
        "tile_map": "Tile map",
        "dots": "Dot chart",
        "ranking": "Dot chart, lowest first",
        "curves": "Cumulative curves",
        "stacked": "Stacked bars (shares)",
    },
}


def describe_chart(
    *,
    form: str,
    title: str,
    value_label: str,
    axis_labels: Sequence[str],
    points: Sequence[tuple[str, float | None, str]],
    unit: str,
    target: str | None,
    language: str,
    further: str = "",
) -> str:
    """Describe a chart to someone who cannot see it; `points` are (where, value, value as written without its unit)."""
    known = [(where, value, text) for where, value, text in points if value is not None]
    masked = sum(text == SUPPRESSED_MARK for _, _, text in points)
    low = min(known, key=lambda point: point[1], default=None)
    high = max(known, key=lambda point: point[1], default=None)
    name = _FORMS[language][form]
    if language == "ja":
        parts = [f"{title}。{name}。値は{value_label}、分類は{'と'.join(axis_labels)}。{len(points)}項目。"]
        if low and high:
            parts.append(f"最大は{high[0]}の{high[2]}{unit}、最小は{low[0]}の{low[2]}{unit}。")
        if target:
            parts.append(f"目標線は{target}。")
        if masked:
            parts.append(f"秘匿{masked}項目。")
        parts.append(further)
        return "".join(parts)
    parts = [f"{title}. {name} of {value_label} by {' and '.join(axis_labels)}, {len(points)} values."]
    if low and high:
        parts.append(f"Highest: {high[0]}, {high[2]} {unit}".rstrip() + f"; lowest: {low[0]}, {low[2]} {unit}".rstrip() + ".")
    if target:
        parts.append(f"Target line at {target}.")
    if masked:
        parts.append(f"{masked} values withheld.")
    return " ".join([*parts, *([further] if further else [])])
