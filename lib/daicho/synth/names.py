"""Invented names: common surnames and given names put together at random. Nobody is meant."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl

from daicho.synth.streams import Flags, Indexes
from daicho.synth.text import gather

# Variant and vendor characters (髙, 﨑, 德) are here on purpose: registers hold them, and CP932 has them as extensions.
SURNAMES = (
    ("佐藤", "サトウ"), ("鈴木", "スズキ"), ("髙橋", "タカハシ"), ("田中", "タナカ"), ("伊藤", "イトウ"), ("渡辺", "ワタナベ"), ("山本", "ヤマモト"),
    ("中村", "ナカムラ"), ("小林", "コバヤシ"), ("加藤", "カトウ"), ("吉田", "ヨシダ"), ("山田", "ヤマダ"), ("佐々木", "ササキ"), ("山口", "ヤマグチ"),
    ("松本", "マツモト"), ("井上", "イノウエ"), ("木村", "キムラ"), ("林", "ハヤシ"), ("斎藤", "サイトウ"), ("清水", "シミズ"), ("山﨑", "ヤマザキ"),
    ("森", "モリ"), ("池田", "イケダ"), ("橋本", "ハシモト"), ("阿部", "アベ"), ("石川", "イシカワ"), ("山下", "ヤマシタ"), ("中島", "ナカジマ"),
    ("石井", "イシイ"), ("小川", "オガワ"), ("前田", "マエダ"), ("岡田", "オカダ"), ("長谷川", "ハセガワ"), ("藤田", "フジタ"), ("後藤", "ゴトウ"),
    ("近藤", "コンドウ"), ("村上", "ムラカミ"), ("遠藤", "エンドウ"), ("青木", "アオキ"), ("坂本", "サカモト"), ("福田", "フクダ"), ("太田", "オオタ"),
    ("西村", "ニシムラ"), ("藤井", "フジイ"), ("岡本", "オカモト"), ("金子", "カネコ"), ("藤原", "フジワラ"), ("中野", "ナカノ"), ("三浦", "ミウラ"),
    ("原田", "ハラダ"), ("松田", "マツダ"), ("竹内", "タケウチ"), ("中川", "ナカガワ"), ("小野", "オノ"), ("田村", "タムラ"), ("上田", "ウエダ"),
    ("森田", "モリタ"), ("原", "ハラ"), ("柴田", "シバタ"), ("酒井", "サカイ"), ("工藤", "クドウ"), ("横山", "ヨコヤマ"), ("宮﨑", "ミヤザキ"),
    ("宮本", "ミヤモト"), ("内田", "ウチダ"), ("髙木", "タカギ"), ("谷口", "タニグチ"), ("安藤", "アンドウ"), ("丸山", "マルヤマ"), ("今井", "イマイ"),
    ("大野", "オオノ"), ("髙田", "タカダ"), ("菅原", "スガワラ"), ("河野", "コウノ"), ("武田", "タケダ"), ("藤本", "フジモト"), ("上野", "ウエノ"),
    ("杉山", "スギヤマ"), ("千葉", "チバ"), ("村田", "ムラタ"), ("増田", "マスダ"), ("小島", "コジマ"), ("小山", "コヤマ"), ("大塚", "オオツカ"),
    ("平野", "ヒラノ"), ("髙﨑", "タカサキ"), ("久保", "クボ"), ("松井", "マツイ"), ("渡邉", "ワタナベ"), ("岩﨑", "イワサキ"), ("桜井", "サクライ"),
    ("木下", "キノシタ"), ("野口", "ノグチ"), ("松尾", "マツオ"), ("野村", "ノムラ"), ("菊地", "キクチ"), ("佐野", "サノ"), ("大西", "オオニシ"),
)  # fmt: skip
_BEGINNINGS_F = (
    ("美", "ミ"), ("彩", "アヤ"), ("千", "チ"), ("由", "ユ"), ("和", "カズ"), ("真", "マ"), ("里", "リ"), ("明", "アキ"), ("結", "ユイ"), ("咲", "サキ"),
)  # fmt: skip
_ENDINGS_F = (("子", "コ"), ("奈", "ナ"), ("美", "ミ"), ("香", "カ"), ("恵", "エ"), ("代", "ヨ"), ("乃", "ノ"), ("穂", "ホ"))
_BEGINNINGS_M = (
    ("健", "ケン"), ("大", "ダイ"), ("直", "ナオ"), ("和", "カズ"), ("正", "マサ"), ("翔", "ショウ"), ("裕", "ユウ"), ("康", "ヤス"), ("拓", "タク"),
    ("秀", "ヒデ"),
)  # fmt: skip
_ENDINGS_M = (("太", "タ"), ("介", "スケ"), ("也", "ヤ"), ("樹", "キ"), ("人", "ト"), ("郎", "ロウ"), ("彦", "ヒコ"), ("德", "ノリ"))
_FOREIGN_GIVEN = (
    ("MARIA", "マリア"), ("DAVID", "デビッド"), ("WEI", "ウェイ"), ("MIN JUN", "ミンジュン"), ("SOPHIE", "ソフィー"),
    ("RAJESH", "ラジェシュ"), ("NGUYEN ANH", "グエンアン"), ("LUCAS", "ルーカス"), ("EMMA", "エマ"), ("JIAQI", "ジャーチー"),
    ("OLIVER", "オリバー"), ("SITI", "シティ"), ("PRIYA", "プリヤ"), ("HANS", "ハンス"), ("ELENA", "エレナ"),
)  # fmt: skip
_FOREIGN_SURNAMES = (
    ("WANG", "ワン"), ("KIM", "キム"), ("SMITH", "スミス"), ("CHEN", "チェン"), ("PATEL", "パテル"), ("TRAN", "チャン"), ("MULLER", "ミュラー"),
    ("GARCIA", "ガルシア"), ("IVANOV", "イワノフ"), ("SANTOS", "サントス"), ("BROWN", "ブラウン"), ("SHARMA", "シャルマ"), ("ROSSI", "ロッシ"),
    ("DUBOIS", "デュボワ"),
)  # fmt: skip
_WOMAN = 2


def _given(beginnings: tuple[tuple[str, str], ...], endings: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [(a[0] + b[0], a[1] + b[1]) for a, b in product(beginnings, endings)]


def draw_names(rng: np.random.Generator, *, sex: Indexes, is_foreign: Flags) -> tuple[pl.Series, pl.Series, pl.Series]:
    """氏名, カナ氏名 and the name of a 世帯主 of the same family, with a full-width space between the parts."""
    size = len(sex)
    women, men = _given(_BEGINNINGS_F, _ENDINGS_F), _given(_BEGINNINGS_M, _ENDINGS_M)
    surnames, given = [*SURNAMES, *_FOREIGN_SURNAMES], [*women, *men, *_FOREIGN_GIVEN]
    native, foreign = rng.integers(0, len(SURNAMES), size), len(SURNAMES) + rng.integers(0, len(_FOREIGN_SURNAMES), size)
    surname = np.where(is_foreign, foreign, native)
    domestic = np.where(sex == _WOMAN, rng.integers(0, len(women), size), len(women) + rng.integers(0, len(men), size))
    abroad = len(women) + len(men) + rng.integers(0, len(_FOREIGN_GIVEN), size)
    first = np.where(is_foreign, abroad, domestic)
    head = np.where(
        is_foreign, len(women) + len(men) + rng.integers(0, len(_FOREIGN_GIVEN), size), len(women) + rng.integers(0, len(men), size)
    )
    family = gather([written for written, _ in surnames], surname)
    written = [text for text, _ in given]
    name = family + "　" + gather(written, first)
    kana = gather([text for _, text in surnames], surname) + "　" + gather([text for _, text in given], first)
    return name, kana, family + "　" + gather(written, head)
