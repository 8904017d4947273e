"""Statistics of acts for the compliance page: releases, refusals, kernels, runs. Counts of what was done, not of persons: none is withheld."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daicho.core.fiscal import fiscal_year_label
from daicho.present.alt_text import describe_chart
from daicho.present.chart_parts import title_above
from daicho.present.labels import NO_DATA
from daicho.present.sums import count_cell, words
from daicho.present.tables import Cell, Table, TableColumn
from daicho.present.theme import SERIES_COLOURS, TEXT_WIDTH_PX, load_altair

if TYPE_CHECKING:
    import altair

Rows = Sequence[Sequence[Any]]
MONTHS_SHOWN = 24
MOST_TICKS = 8
_QUARTER = (
    ("releases", "提供", "Releases"), ("cells", "数値", "Figures"), ("suppressed", "うち秘匿", "Withheld"), ("refusals", "拒否", "Refusals"),
    ("worklists", "確認一覧", "Worklists"), ("launched", "カーネル起動", "Kernels"), ("turned_away", "接続拒否", "Turned away"),
    ("runs", "公表した実行", "Runs"), ("failed_runs", "失敗した実行", "Failed runs"),
)  # fmt: skip
_REFUSALS = {
    "UsageError": ("語彙にない要求", "Not in the vocabulary"),
    "DisclosureError": ("開示基準または権限による拒否", "Disclosure rules or rights"),
    "DataError": ("データの不備", "Data not acceptable"),
    "VaultError": ("保管庫または鍵の不備", "Vault or key"),
    "ProtocolError": ("通信の規約に合わない要求", "Not the protocol"),
    "connect": ("許可のない接続", "Connection without a token"),
    "failed": ("ゲートの処理の失敗", "Failure of the gate"),
}
_ROLES = {
    "analyst": ("分析者", "Analyst"),
    "report_runner": ("報告実行者", "Report runner"),
    "officer": ("保護責任者", "Officer"),
    "administrator": ("複数の役割を持つ者", "Holder of several roles"),
    "gate": ("ゲート（復旧）", "The gate (recovery)"),
}


def profile_labels(contracts_dir: Path | None, *, language: str) -> Mapping[str, str]:
    """What the recipient profiles are called."""
    if contracts_dir is None:
        return {}
    from daicho.gate.profiles import load_disclosure

    profiles = load_disclosure(contracts_dir).profiles
    return {name: profile.label if language == "ja" else profile.label_en for name, profile in profiles.items()}


def release_table(rows: Rows, *, titles: Mapping[str, str], profiles: Mapping[str, str], language: str) -> Table:
    """Releases by measure and profile: how many, how many figures, how many of them withheld."""
    heads = (
        ("measure", "集計", "Measure", "text"), ("profile", "開示プロファイル", "Profile", "text"), ("releases", "提供", "Releases", "count"),
        ("cells", "数値", "Figures", "count"), ("suppressed", "うち秘匿", "Withheld", "count"),
    )  # fmt: skip
    body = [
        (words(titles.get(measure, measure)), words(profiles.get(profile, profile)), *map(_count, figures))
        for measure, profile, *figures in rows
    ]
    return _table("releases", ("集計別・開示プロファイル別の提供", "Releases by measure and profile"), heads, body, language)


def quarter_table(rows: Rows, *, unclean_runs: int, language: str) -> Table:
    """Acts by fiscal quarter, newest last; `unclean_runs` are published runs whose scan does not say that nothing was found."""
    heads = (("quarter", "四半期", "Quarter", "text"), *((key, ja, en, "count") for key, ja, en in _QUARTER))
    body = [(words(_quarter(year, quarter, language)), *map(_count, figures)) for year, quarter, *figures in rows]
    note = (
        f"公表した実行のうち、識別子の走査で「検出なし」と記録されていないもの：{unclean_runs:,}件。",
        f"Published runs whose scan does not say that no identifier was found: {unclean_runs:,}.",
    )[0 if language == "ja" else 1]
    return replace(_table("quarters", ("四半期別の件数", "Acts by fiscal quarter"), heads, body, language), notes=(note,))


def refusal_table(rows: Rows, *, language: str) -> Table:
    """Refusals by month and kind."""
    heads = (("month", "月", "Month", "text"), ("kind", "種別", "Kind", "text"), ("refusals", "拒否", "Refusals", "count"))
    place = 0 if language == "ja" else 1
    body = [
        (words(_month(month, language)), words(_REFUSALS.get(kind, (kind, kind))[place]), _count(number)) for month, kind, number in rows
    ]
    return _table("refusals", ("月別・種別の拒否", "Refusals by month and kind"), heads, body, language)


def role_table(rows: Rows, *, language: str) -> Table:
    """Uses by role; of no user."""
    heads = (("role", "役割", "Role", "text"), ("uses", "利用", "Uses", "count"))
    place = 0 if language == "ja" else 1
    body = [(words(_ROLES.get(role, (role, role))[place]), _count(number)) for role, number in rows]
    return _table("roles", ("役割別の利用", "Uses by role"), heads, body, language)


def releases_chart(rows: Rows, *, profiles: Mapping[str, str], language: str) -> altair.LayerChart:
    """Upright bars of releases by month, stacked by profile; the newest months."""
    alt = load_altair()
    title = ("月別・開示プロファイル別の提供件数", "Releases by month and profile")[0 if language == "ja" else 1]
    if not rows:
        said = NO_DATA[language]
        text = alt.Chart(alt.Data(values=[{"mark": said}])).mark_text(fontSize=14, color="#555").encode(text="mark:N")
        empty: altair.LayerChart = alt.layer(text).properties(title=title, description=f"{title}: {said}", width=TEXT_WIDTH_PX, height=80)
        return empty
    shown = sorted({month for month, _, _ in rows})[-MONTHS_SHOWN:]
    names = list(dict.fromkeys([*profiles.values(), *(profiles.get(profile, profile) for _, profile, _ in rows)]))
    values = [
        {"month": _month(month, language, is_short=True), "profile": profiles.get(profile, profile), "releases": number}
        for month, profile, number in rows
        if month in shown
    ]
    heights: dict[str, int] = defaultdict(int)
    for value in values:
        heights[value["month"]] += value["releases"]
    tallest = max(heights.values())
    # Few releases get a tick each: an axis of counts has no halves.
    ticks = {"values": list(range(tallest + 1))} if tallest <= MOST_TICKS else {"tickCount": 6}
    heads = [("月", "Month"), ("開示プロファイル", "Profile"), ("提供（件）", "Releases")]
    month, profile, releases = (pair[0 if language == "ja" else 1] for pair in heads)
    used = [name for name in names if any(value["profile"] == name for value in values)]
    bars = (
        alt.Chart()
        .mark_bar(stroke="#FFFFFF", strokeWidth=0.8, size=34 if len(shown) <= 8 else alt.Undefined)
        .encode(
            x=alt.X(
                "month:N",
                sort=[_month(one, language, is_short=True) for one in shown],
                title=month,
                axis=alt.Axis(labelAngle=0, grid=False),
            ),
            y=alt.Y(
                "releases:Q",
                title=releases,
                scale=alt.Scale(domain=[0, tallest * 1.12], nice=False),
                axis=alt.Axis(format=",d", **ticks, **title_above()),
            ),
            color=alt.Color("profile:N", title=profile, scale=alt.Scale(domain=used, range=list(SERIES_COLOURS[: len(used)]))),
            tooltip=["month:N", "profile:N", "releases:Q"],
        )
    )
    points = [(f"{value['month']}・{value['profile']}", float(value["releases"]), f"{value['releases']:,}") for value in values]
    description = describe_chart(
        form="months",
        title=title,
        value_label=releases,
        axis_labels=[month, profile],
        points=points,
        unit="",
        target=None,
        language=language,
    )
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart: altair.LayerChart = alt.layer(bars, data=alt.Data(values=values)).properties(
        title=title, description=description, width=TEXT_WIDTH_PX, height=220, autosize=fit
    )
    return chart


def _table(
    name: str, title: tuple[str, str], heads: Sequence[tuple[str, str, str, str]], rows: Sequence[Sequence[Cell]], language: str
) -> Table:
    place = 0 if language == "ja" else 1
    columns = tuple(TableColumn(key, (ja, en)[place], kind) for key, ja, en, kind in heads)
    return Table(name=name, title=title[place], columns=columns, rows=tuple(map(tuple, rows)), language=language)


def _count(number: int) -> Cell:
    return count_cell(number, "value" if number else "zero")


def _quarter(year: int, quarter: int, language: str) -> str:
    label = fiscal_year_label(year, language=language)
    return f"{label} 第{quarter}四半期" if language == "ja" else f"{label} Q{quarter}"


def _month(month: int, language: str, *, is_short: bool = False) -> str:
    year, number = divmod(month, 100)
    if language == "en":
        return f"{year}-{number:02d}"
    return f"{year}/{number}" if is_short else f"{year}年{number}月"
