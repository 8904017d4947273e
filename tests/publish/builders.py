"""Executed notebooks and document facts made by hand, as a sealed run would leave them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from daicho.present.theme import load_altair
from daicho.runs.publish.facts import DocumentFacts

DISTRICTS = ("芝", "麻布", "赤坂", "高輪", "芝浦港南")
TITLE = "麻しん風しん混合（MR）接種率"

INTRODUCTION = """# 麻しん風しん混合（MR）接種率

この帳票は、**出生年度と地区ごとの接種率。**を示します。*分母*は基準日に住民登録がある者です。
改行しても、日本語の間に空白は入りません。`coverage_cohort` の定義は[予防接種法](https://laws.e-gov.go.jp/)によります。

## 1　要点

- 1期の接種率は全地区で95％に**届いていません**
  - 特に「芝浦港南」で低い
- 前年度との差は小さい

1. 対象者を数える
2. 接種者を数える

> 少数の値は伏せています。

| 区分 | 対象 | 割合 |
|:-----|-----:|:----:|
| 1期 | 1,234 | 94.1 % |
| 2期 | 1,310 | 91.0 % |
"""


def facts(**changes: Any) -> DocumentFacts:
    values: dict[str, Any] = {
        "title": TITLE,
        "subtitle": "令和7年度（2025年度）",
        "municipality": "港区",
        "department": "みなと保健所 保健予防課",
        "report": "coverage",
        "profile": "internal",
        "profile_label": "庁内限り",
        "purpose": "接種率の検討",
        "as_of": date(2026, 3, 31),
        "snapshot": 12,
        "created_on": date(2026, 4, 10),
        "seal_result": (("台帳の保管庫を開けない", True), ("鍵を読めない", True), ("外部へ接続できない", True)),
        "sealed": True,
        "language": "ja",
        "releases": (
            {
                "release_id": "r-000123",
                "measure": "coverage_cohort",
                "title": "出生年度別接種率",
                "profile": "internal",
                "as_of": date(2026, 3, 31),
                "snapshot": 12,
                "cells": 60,
                "suppressed_cells": 3,
                "audit": "no_derivation",
                "source": "予防接種台帳",
            },
        ),
        "unverified": ("定期接種の対象期間（2026年度）",),
        "run_id": "20260410-090000-3f2a",
    }
    return DocumentFacts(**{**values, **changes})


def cell(value: float | str | None, status: str = "value", text: str | None = None) -> dict[str, Any]:
    return {"value": value, "status": status, "text": text if text is not None else str(value)}


def count(value: int) -> dict[str, Any]:
    return cell(value, "zero" if value == 0 else "value", f"{value:,}")


def rate(value: float) -> dict[str, Any]:
    return cell(value, "value", f"{value * 100:.1f} %")


def yen(value: int) -> dict[str, Any]:
    return cell(value, "zero" if value == 0 else "value", f"{value:,} 円")


SUPPRESSED = cell(None, "suppressed", "＊")
NOT_APPLICABLE = cell(None, "not_applicable", "－")


def table(
    columns: Sequence[tuple[str, str, str]],
    rows: Sequence[Sequence[dict[str, Any]]],
    *,
    name: str = "coverage_by_district",
    title: str = "地区別接種率",
    notes: Sequence[str] = (),
    emphasis_rows: Sequence[int] = (),
) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": name,
        "title": title,
        "notes": list(notes),
        "columns": [{"key": key, "label": label, "kind": kind} for key, label, kind in columns],
        "rows": [list(row) for row in rows],
        "emphasis_rows": list(emphasis_rows),
        "release_ids": ["r-000123"],
        "facts": {},
    }


def coverage_table(**changes: Any) -> dict[str, Any]:
    columns = (
        ("district", "地区", "text"),
        ("eligible_count", "対象者数", "count"),
        ("vaccinated_count", "接種者数", "count"),
        ("coverage_rate", "接種率", "rate"),
    )
    rows = [
        [cell("芝", text="芝"), count(1459), count(1380), rate(0.9459)],
        [cell("麻布", text="麻布"), count(1334), count(1201), rate(0.9003)],
        [cell("赤坂", text="赤坂"), count(12), SUPPRESSED, SUPPRESSED],
        [cell("高輪", text="高輪"), count(23), count(0), cell(0.0, "zero", "0.0 %")],
        [cell("芝浦港南", text="芝浦港南"), count(0), count(0), NOT_APPLICABLE],
        [cell("合計", text="合計"), count(2828), SUPPRESSED, SUPPRESSED],
    ]
    settings: dict[str, Any] = {"notes": ["分母は基準日現在の住民。"], "emphasis_rows": [5], **changes}
    return table(columns, rows, **settings)


def long_table(rows: int = 120) -> dict[str, Any]:
    columns = (
        ("ward", "区市", "text"),
        ("month", "支払月", "month"),
        ("doses_count", "接種回数", "count"),
        ("payable_yen", "支払額", "yen"),
    )
    body = [
        [
            cell(f"第{n // 12 + 1}区", text=f"第{n // 12 + 1}区"),
            cell(202504 + n % 9, text=f"令和7年{4 + n % 9}月"),
            count(n * 37),
            yen(n * 123457),
        ]
        for n in range(rows)
    ]
    return table(columns, body, name="payments_by_ward", title="区別・月別の支払額")


def wide_table(months: int = 12) -> dict[str, Any]:
    columns = [("vaccine", "ワクチン", "text"), ("dose", "回数区分", "text")]
    columns += [(f"m{n}", f"{(n + 3) % 12 + 1}月", "yen") for n in range(months)]
    names = ("五種混合", "小児肺炎球菌", "麻しん風しん混合", "高齢者インフルエンザ", "帯状疱疹（組換え）")
    body = [
        [cell(name, text=name), cell("1期初回1", text="1期初回1"), *(yen(12_345_678 * (k + 1) % 99_999_999 + m) for m in range(months))]
        for k, name in enumerate(names)
    ]
    return table(columns, body, name="payments_by_month", title="ワクチン別・月別の支払額")


def trend_chart() -> dict[str, Any]:
    alt = load_altair()
    values = [
        {"年度": y, "地区": d, "接種率": 0.88 + 0.01 * i + 0.004 * (y - 2018)} for y in range(2018, 2026) for i, d in enumerate(DISTRICTS)
    ]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_line(point=True)
        .encode(
            x=alt.X("年度:O", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("接種率:Q", axis=alt.Axis(format=".0%"), scale=alt.Scale(zero=False)),
            color=alt.Color("地区:N", sort=list(DISTRICTS)),
            tooltip=["年度:O", "地区:N", alt.Tooltip("接種率:Q", format=".1%")],
        )
        .properties(title="地区別接種率の推移", description="2018年度から2025年度まで、5地区の接種率はいずれもゆるやかに上がっている。")
    )
    return dict(chart.to_dict())


def heat_map() -> dict[str, Any]:
    alt = load_altair()
    values = [
        {"出生年度": f"{y}年度", "地区": d, "接種率": 0.85 + 0.013 * ((y * 7 + i * 3) % 11)}
        for y in range(2012, 2025)
        for i, d in enumerate(DISTRICTS)
    ]
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("出生年度:O", axis=alt.Axis(labelAngle=-45)), y=alt.Y("地区:N", sort=list(DISTRICTS))
    )
    rect = base.mark_rect().encode(color=alt.Color("接種率:Q", legend=alt.Legend(format=".0%"), scale=alt.Scale(scheme="blues")))
    text = base.mark_text(fontSize=9).encode(text=alt.Text("接種率:Q", format=".0%"))
    chart = (rect + text).properties(title="地区と出生年度別の接種率", height=220, description="13の出生年度と5地区の接種率を濃淡で示す。")
    return dict(chart.to_dict())


def grouped_bars() -> dict[str, Any]:
    alt = load_altair()
    values = [
        {"月": f"{m}月", "ワクチン": v, "回数": 200 + 31 * m + 90 * i}
        for m in range(4, 13)
        for i, v in enumerate(("MR", "五種混合", "水痘"))
    ]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            x=alt.X("月:O", sort=None, axis=alt.Axis(labelAngle=0)),
            xOffset="ワクチン:N",
            y=alt.Y("回数:Q", axis=alt.Axis(format=",.0f")),
            color="ワクチン:N",
        )
        .properties(title="月別接種回数", description="4月から12月まで、3種のワクチンの接種回数を棒で示す。")
    )
    return dict(chart.to_dict())


def faceted_chart() -> dict[str, Any]:
    alt = load_altair()
    values = [{"年度": y, "地区": d, "接種者": 100 + 10 * i + y % 7} for y in range(2019, 2026) for i, d in enumerate(DISTRICTS)]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(x="年度:O", y="接種者:Q", column=alt.Column("地区:N", sort=list(DISTRICTS)))
        .properties(width=130, height=120, title="地区ごとの接種者数", description="5地区の接種者数を並べて示す。")
    )
    return dict(chart.to_dict())


def output(data: dict[str, Any], **metadata: Any) -> Any:
    return new_output("display_data", data=data, metadata=metadata)


def table_cell(spec: dict[str, Any], source: str = "table") -> Any:
    data = {"application/vnd.daicho.table+json": spec, "text/html": "<b>HTML-OUTPUT</b>", "text/plain": "PLAIN-OUTPUT"}
    return new_code_cell(source, outputs=[output(data)])


def chart_cell(spec: dict[str, Any], source: str = "chart") -> Any:
    return new_code_cell(source, outputs=[output({"application/vnd.vegalite.v6+json": spec, "text/plain": "alt.Chart(...)"})])


def markdown_cell(source: str) -> Any:
    return new_markdown_cell(source)


def notebook(*cells: Any) -> nbformat.NotebookNode:
    made = new_notebook(cells=list(cells))
    for position, item in enumerate(made.cells):
        item["id"] = f"cell-{position}"
    return made


def full_notebook() -> nbformat.NotebookNode:
    """A report as long as real ones: every kind of block."""
    note = "基準日: 2026年3月31日 ・ スナップショット: 12 ・ 秘匿セル数: 3 ・ 開示番号: `r-000123`"
    return notebook(
        markdown_cell(INTRODUCTION),
        new_code_cell("as_of = 'CODE-INPUT'", outputs=[new_output("stream", name="stdout", text="STDOUT-OUTPUT")]),
        markdown_cell("## 2　地区別の接種率"),
        new_code_cell("caution", outputs=[output({"text/markdown": "> **注意：単価は確認前のものです。**"}, daicho={"role": "caution"})]),
        table_cell(coverage_table()),
        new_code_cell("note", outputs=[output({"text/markdown": note}, daicho={"role": "note"})]),
        chart_cell(trend_chart()),
        markdown_cell("### 出生年度別\n\n地区と出生年度を掛け合わせた濃淡図です。"),
        chart_cell(heat_map()),
        markdown_cell("## 3　月別の接種回数"),
        chart_cell(grouped_bars()),
        chart_cell(faceted_chart()),
        markdown_cell("## 4　支払額\n\n区別の支払額を月ごとに示します。"),
        table_cell(long_table()),
        table_cell(wide_table()),
        new_code_cell("error", outputs=[new_output("error", ename="ValueError", evalue="ERROR-OUTPUT", traceback=["ERROR-OUTPUT"])]),
        markdown_cell("## 5　参考\n\n```\nコードの例 = 1\n```\n\n---\n\n以上。"),
    )
