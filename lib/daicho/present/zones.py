"""The diagram of the zones: where identifying items end, and what crosses from one zone into the next. Drawn in greys, to print as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daicho.present.theme import TEXT_WIDTH_PX, load_altair

if TYPE_CHECKING:
    import altair

HEIGHT = 430
_WIDTH = 100.0
_BOX = (2.0, 72.0)
_BOX_HEIGHT, _GAP = 66.0, 52.0
_TOP = 4.0
_BACK = 84.0
_MIDDLE = 14.0
# (name, what lies there, shade), from the extracts to the reports.
_ZONES = {
    "ja": (
        ("識別区域", "取込み：メモリ上だけで氏名・番号を扱い、保存しない", "#D9D9D9"),
        ("仮名化区域", "保管庫：仮名化した行。暗号化して保存し、ゲートだけが開く", "#ECECEC"),
        ("ゲート", "唯一の出入口：決められた要求だけに答え、少人数を秘匿し、記録する", "#FFFFFF"),
        ("提供区域", "封止したカーネルと報告：集計値だけを扱う", "#F6F6F6"),
    ),
    "en": (
        ("Identified zone", "Intake: names and numbers in memory alone, never stored", "#D9D9D9"),
        ("Pseudonymised zone", "Vault: pseudonymised rows, encrypted; the gate alone opens it", "#ECECEC"),
        ("Gate", "The one door: answers closed requests, withholds, records", "#FFFFFF"),
        ("Released zone", "Sealed kernels and reports: aggregates alone", "#F6F6F6"),
    ),
}
_CROSSING = {
    "ja": (
        "仮名化した行、識別子の照合用ハッシュ",
        "行は出ない。集計した人数・件数・金額",
        "秘匿済みの集計表（提供番号付き）",
        ("行番号だけ", "（確認一覧）"),
    ),
    "en": (
        "pseudonymised rows, keyed hashes of identifiers",
        "no rows: counts of persons, doses, yen",
        "protected tables with a release number",
        ("line numbers", "(worklists)"),
    ),
}
_TITLE = {"ja": "区域と、境を越えるもの", "en": "The zones and what crosses between them"}
_ALT = {
    "ja": "上から下へ四つの区域を並べた図。{zones}。区域の間を越えるものは、順に、{crossing}。ゲートから識別区域へは、{back}が戻る。",
    "en": "Four zones from top to bottom. {zones}. What crosses between them, in order: {crossing}. Back from the gate to the identified zone: {back}.",
}


def draw_zones(*, language: str) -> altair.LayerChart:
    """Draw the four zones as boxes, arrows between them with what crosses, and the way back of line numbers at the side."""
    alt = load_altair()
    zones, crossing = _ZONES[language], _CROSSING[language]
    texts = [str(text) for text in crossing[:3]]
    back = list(crossing[3])
    tops = [_TOP + place * (_BOX_HEIGHT + _GAP) for place in range(len(zones))]
    boxes = [
        {"left": _BOX[0], "right": _BOX[1], "top": top, "bottom": top + _BOX_HEIGHT, "name": name, "content": content, "shade": shade}
        for top, (name, content, shade) in zip(tops, zones, strict=True)
    ]
    arrows = [
        {"x": _MIDDLE, "from": top + _BOX_HEIGHT, "to": top + _BOX_HEIGHT + _GAP - 6, "text": text}
        for top, text in zip(tops, texts, strict=False)
    ]
    layers = [*_boxes(alt, boxes), *_arrows(alt, arrows), *_way_back(alt, boxes[0], boxes[2], back)]
    joined = ("、" if language == "ja" else "; ").join(texts)
    said = ("。" if language == "ja" else ". ").join(f"{name}: {content}" for name, content, _ in zones)
    description = _ALT[language].format(zones=said, crossing=joined, back="".join(back) if language == "ja" else " ".join(back))
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart: altair.LayerChart = alt.layer(*layers).properties(
        title=_TITLE[language], description=description, width=TEXT_WIDTH_PX, height=HEIGHT, autosize=fit
    )
    return chart


def _boxes(alt: Any, boxes: list[dict[str, Any]]) -> list[Any]:
    base = alt.Chart(alt.Data(values=boxes)).encode(x=_x(alt, "left"), y=_y(alt, "top"))
    fill = base.mark_rect(stroke="#222222", strokeWidth=1.4).encode(
        x2="right:Q", y2="bottom:Q", fill=alt.Fill("shade:N", scale=None, legend=None)
    )
    names = base.mark_text(align="left", baseline="top", dx=10, dy=12, fontSize=14, fontWeight="bold").encode(text="name:N")
    contents = base.mark_text(align="left", baseline="top", dx=10, dy=36, fontSize=11).encode(text="content:N")
    return [fill, names, contents]


def _arrows(alt: Any, arrows: list[dict[str, Any]]) -> list[Any]:
    base = alt.Chart(alt.Data(values=arrows)).encode(x=_x(alt, "x"))
    line = base.mark_rule(strokeWidth=1.6, color="#222222").encode(y=_y(alt, "from"), y2="to:Q")
    head = base.mark_point(shape="triangle-down", filled=True, size=110, color="#222222", opacity=1).encode(y=_y(alt, "to"))
    text = base.transform_calculate(middle="(datum.from + datum.to) / 2").mark_text(align="left", dx=14, fontSize=11)
    return [line, head, text.encode(y=_y(alt, "middle"), text="text:N")]


def _way_back(alt: Any, identified: dict[str, Any], gate: dict[str, Any], words: list[str]) -> list[Any]:
    """From the gate's right side up and back into the identified zone, dashed."""
    low, high = (gate["top"] + gate["bottom"]) / 2, (identified["top"] + identified["bottom"]) / 2
    path = [(_BOX[1], low), (_BACK, low), (_BACK, high), (_BOX[1] + 1.4, high)]
    points = [{"x": x, "y": y, "order": order} for order, (x, y) in enumerate(path)]
    line = alt.Chart(alt.Data(values=points)).mark_line(strokeWidth=1.4, strokeDash=[5, 3], color="#222222")
    end = alt.Chart(alt.Data(values=points[-1:])).mark_point(shape="triangle-left", filled=True, size=110, color="#222222", opacity=1)
    rows = [{"x": _BACK, "y": (low + high) / 2 + 16 * place, "text": text} for place, text in enumerate(words)]
    text = alt.Chart(alt.Data(values=rows)).mark_text(align="left", dx=6, fontSize=11).encode(text="text:N")
    drawn = [layer.encode(x=_x(alt, "x"), y=_y(alt, "y")) for layer in (line, end, text)]
    return [drawn[0].encode(order="order:Q"), *drawn[1:]]


def _x(alt: Any, field: str) -> Any:
    return alt.X(f"{field}:Q", axis=None, scale=alt.Scale(domain=[0, _WIDTH], nice=False))


def _y(alt: Any, field: str) -> Any:
    return alt.Y(f"{field}:Q", axis=None, scale=alt.Scale(domain=[0, HEIGHT], reverse=True, nice=False))
