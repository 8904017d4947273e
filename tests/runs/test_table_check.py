"""Published tables against themselves: tables in the style of municipalities' pages, and tables made at random with one cell spoilt."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from tests.cli.shell import daicho
from tests.effort import seeds

from daicho.core.errors import UsageError
from daicho.runs.published_table import Columns
from daicho.runs.table_check import TableReport, check_table

# After 新潟県 平成16年度 定期の予防接種実施状況: one group of three columns for each stage, a total below.
NIIGATA = """平成16年度　定期の予防接種実施状況（日本脳炎）,,,,,,
保健所,1期初回第1回,,,1期追加,,
,対象者数,被接種者数,実施率(%),対象者数,被接種者数,実施率(%)
新潟市,"4,812","4,366",90.7,"4,790","3,921",81.9
長岡,"2,105","1,990",94.5,"2,088","1,744",83.5
上越,"1,873","1,702",90.9,"1,861","1,590",85.4
計,"8,790","8,058",91.7,"8,739","7,255",83.0
（注）実施率は被接種者数を対象者数で除したもの,,,,,,
"""
DISTRICTS = """地区,対象者数,接種者数,接種率
港区,2600,2493,95.9%
芝,400,380,95.0%
麻布,600,570,95.0%
赤坂,350,336,96.0%
高輪,700,679,97.0%
芝浦港南,550,528,96.0%
"""
BY_SEX = """年齢階級,男,女,計
65～69歳,1200,1350,2550
70～74歳,1100,1290,2390
合計,2300,2640,4940
"""
TIDY = """district,district_label,eligible_count,eligible_count_status,vaccinated_count,vaccinated_count_status,coverage_rate,coverage_rate_status
shiba,芝,300,value,281,value,0.9366666666666666,value
azabu,麻布,,suppressed,,suppressed,,suppressed
akasaka,赤坂,120,value,0,zero,0.0,zero
"""
LONG = """ワクチン,地区,対象者数,接種者数,実施率
MR 1期,芝,100,95,95.0
,麻布,200,190,95.0
,計,300,285,95.0
MR 2期,芝,110,99,90.0
,麻布,190,171,90.0
,計,300,270,90.0
"""


def written(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    return path


def report(folder: Path, text: str, *, encoding: str = "utf-8", **columns: object) -> TableReport:
    return check_table(written(folder, text, encoding=encoding), Columns(**columns))  # type: ignore[arg-type]


def found(folder: Path, text: str, **columns: object) -> list[tuple[str, str, str, str, str]]:
    return [(c.kind, c.row, c.column, c.printed, c.recomputed) for c in report(folder, text, **columns).contradictions]


@pytest.mark.parametrize(
    ("table", "rates", "sums"), [(NIIGATA, 8, 4), (DISTRICTS, 6, 0), (BY_SEX, 0, 6), (TIDY, 2, 0), (LONG, 6, 4)],
    ids=["niigata", "districts", "by sex", "tidy", "long"],
)  # fmt: skip
def test_a_table_that_agrees_has_no_contradiction(tmp_path: Path, table: str, rates: int, sums: int) -> None:
    if table == DISTRICTS:
        sums = 2
    for encoding in ("utf-8", "utf-8-sig", "cp932"):
        text = table.replace("～", "~") if encoding == "cp932" else table
        judged = report(tmp_path, text, encoding=encoding)
        assert (judged.contradictions, judged.rates_checked, judged.sums_checked) == ((), rates, sums)


def test_a_rate_that_does_not_recompute_is_named_with_its_stage(tmp_path: Path) -> None:
    assert found(tmp_path, NIIGATA.replace("94.5", "95.4")) == [("rate", "長岡", "1期初回第1回 実施率(%)", "95.4", "94.5")]


def test_a_total_that_does_not_add_is_named(tmp_path: Path) -> None:
    spoilt = NIIGATA.replace('"7,255",83.0', '"7,265",83.1')
    assert found(tmp_path, spoilt) == [("total", "計", "1期追加 被接種者数", "7,265", "7,255")]


def test_districts_that_do_not_sum_to_the_municipality_are_named(tmp_path: Path) -> None:
    spoilt = DISTRICTS.replace("2600,2493,95.9", "2601,2493,95.8")
    assert found(tmp_path, spoilt) == [("district", "港区", "対象者数", "2601", "2,600")]
    assert found(tmp_path, spoilt.replace("港区", "区全体"))[0][0] == "district"
    bare = spoilt.replace("地区,", "町,")  # the heading says nothing of districts: the reader says which row is the whole
    assert found(tmp_path, bare) == [] and found(tmp_path, bare, total=("港区",))[0][0] == "district"


def test_a_total_column_and_a_total_row_are_told_apart(tmp_path: Path) -> None:
    assert found(tmp_path, BY_SEX.replace("2550", "2560")) == [
        ("column_total", "65～69歳".replace("～", "~"), "計", "2560", "2,550"), ("total", "合計", "計", "4940", "4,950"),
    ]  # fmt: skip


def test_totals_of_blocks_are_those_of_their_block(tmp_path: Path) -> None:
    spoilt = LONG.replace("200,190,95.0", "200,191,95.5")
    assert found(tmp_path, spoilt) == [("total", "MR 1期 計", "接種者数", "285", "286")]
    flat = "区分,接種者数\n小計,30\n男,10\n女,20\n小計,70\n男,30\n女,41\n合計,101\n"
    assert found(tmp_path, flat) == [("total", "小計", "接種者数", "70", "71")]


def test_percentages_fractions_and_both_ways_of_rounding_are_taken(tmp_path: Path) -> None:
    head = "町,対象者数,接種者数,接種率\n"
    assert found(tmp_path, head + "甲,200,1,0.5\n乙,800,1,0.1\n") == []
    assert found(tmp_path, head + "甲,800,2,0.2\n乙,800,6,0.8\n") == []  # 0.25 and 0.75 to one decimal: half to even
    assert found(tmp_path, head + "甲,800,2,0.3\n乙,800,6,0.8\n") == []  # half up
    assert found(tmp_path, head + "甲,200,150,0.75\n乙,200,190,0.95\n") == []
    assert found(tmp_path, head + "甲,200,150,７５．０％\n乙,200,190,９５％\n") == []
    assert found(tmp_path, head + "甲,200,190,95\n乙,300,286,95.3\n") == []


def test_one_denominator_serves_several_doses(tmp_path: Path) -> None:
    text = (
        "年齢,対象者数,1回目接種者数,1回目接種率(%),2回目接種者数,2回目接種率(%)\n65歳,400,380,95.0,360,90.0\n70歳,500,450,90.0,400,81.0\n"
    )
    assert found(tmp_path, text) == [("rate", "70歳", "2回目接種率(%)", "81.0", "80.0")]


def test_a_sum_with_a_part_that_is_not_printed_is_not_judged(tmp_path: Path) -> None:
    text = "町,対象者数,接種者数,接種率(%)\n甲,200,190,95.0\n乙,*,*,*\n計,300,285,95.0\n"
    judged = report(tmp_path, text)
    assert (judged.contradictions, judged.rates_checked, judged.sums_checked) == ((), 2, 0)


def test_a_rate_over_nobody_is_nothing(tmp_path: Path) -> None:
    text = "町,対象者数,接種者数,接種率(%)\n甲,0,0,-\n乙,0,0,0.0\n丙,0,0,100.0\n丁,10,5,50.0\n"
    assert found(tmp_path, text) == [("rate", "丙", "接種率(%)", "100.0", "-")]


def test_options_name_what_the_headings_do_not_say(tmp_path: Path) -> None:
    text = "場所,分母,分子,割合\n甲,200,190,95.0\n乙,100,95,96.0\n"
    with pytest.raises(UsageError, match="neither a rate"):
        report(tmp_path, text)
    assert found(tmp_path, text, numerator="分子", denominator="分母", rate="割合", by=("場所",)) == [
        ("rate", "乙", "割合", "96.0", "95.0")
    ]
    with pytest.raises(UsageError, match="together"):
        report(tmp_path, text, numerator="分子")
    with pytest.raises(UsageError, match="headed 場"):
        report(tmp_path, text, by=("場",))
    with pytest.raises(UsageError, match="called 丙"):
        report(tmp_path, text, total=("丙",))


NO_TABLES = {
    "empty": b"", "binary": b"\x00\x01\x02", "no text": b"\xff\xfe\xfa", "words": b"a,b\nc,d\n", "no headings": b"1,2\n3,4\n",
    "one word": "接種率\n".encode(),
}  # fmt: skip


@pytest.mark.parametrize("content", NO_TABLES.values(), ids=NO_TABLES)
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    outcome = daicho(None, "check-table", path)
    assert outcome.code == 2 and outcome.out == "" and outcome.sentence


def test_the_command_ends_with_0_1_or_2_and_says_rows_and_figures(tmp_path: Path) -> None:
    good = daicho(None, "check-table", written(tmp_path, NIIGATA))
    assert (good.code, good.out) == (0, "no contradiction: 8 rate(s) and 4 sum(s) recomputed\n")
    bad = daicho(None, "check-table", written(tmp_path, NIIGATA.replace("94.5", "95.4")))
    assert bad.code == 1 and "line 5, 長岡, 1期初回第1回 実施率(%): the rate does not recompute: printed 95.4, recomputed 94.5" in bad.out
    told = daicho(None, "check-table", tmp_path / "table.csv", "--format", "json")
    assert told.code == 1 and told.data()["contradictions"][0]["recomputed"] == "94.5" and told.data()["rates_checked"] == 8
    assert daicho(None, "check-table", tmp_path / "none.csv").code == 2


# --- At random --------------------------------------------------------------------------------------------------------------


def consistent(dice: random.Random) -> list[list[str]]:
    """A table with districts, two stages, totals above or below, rates as percentages or fractions in either rounding."""
    mode, scale, decimals = dice.choice((ROUND_HALF_UP, ROUND_HALF_EVEN)), *dice.choice(((100, 1), (100, 2), (100, 0), (1, 3)))
    counts = [
        [n := dice.randrange(50, 5000), dice.randrange(1, n), m := dice.randrange(50, 5000), dice.randrange(1, m)]
        for _ in range(dice.randrange(3, 9))
    ]
    total = [sum(column) for column in zip(*counts, strict=True)]
    names = [f"第{k}町" for k in range(1, len(counts) + 1)]
    label = dice.choice(("計", "合計", "総数", "Total", "区全体"))
    pairs = [*zip(names, counts, strict=True)]
    lines = [(label, total), *pairs] if dice.random() < 0.5 else [*pairs, (label, total)]
    rate = lambda d, n: str((Decimal(n) * scale / Decimal(d)).quantize(Decimal(1).scaleb(-decimals), rounding=mode))  # noqa: E731
    head = ["町", "1期 対象者数", "1期 接種者数", "1期 接種率", "2期 対象者数", "2期 接種者数", "2期 接種率"]
    return [head, *([name, f"{a:,}", f"{b}", rate(a, b), f"{c}", f"{d:,}", rate(c, d)] for name, (a, b, c, d) in lines)]


def as_csv(table: list[list[str]]) -> str:
    return "".join(",".join(f'"{cell}"' for cell in line) + "\n" for line in table)


@pytest.mark.parametrize("seed", seeds(40))
def test_a_consistent_table_passes_and_one_changed_cell_is_found(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    table = consistent(dice)
    assert found(tmp_path, as_csv(table)) == []
    line, column = dice.randrange(1, len(table)), dice.randrange(1, 7)
    cell = table[line][column].replace(",", "")
    decimals = len(cell.partition(".")[2])
    changed = Decimal(cell) + dice.choice((1, 2, 9)) * Decimal(1).scaleb(-decimals)
    table[line][column] = str(changed)
    contradictions = report(tmp_path, as_csv(table)).contradictions
    assert contradictions
    is_rate = column in (3, 6)
    assert {c.kind for c in contradictions} & ({"rate"} if is_rate else {"total", "district"})
    if is_rate:
        assert [(c.line, c.column) for c in contradictions] == [(line + 1, table[0][column])]
