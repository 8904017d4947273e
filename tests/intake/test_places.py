from __future__ import annotations

import polars as pl
import pytest
from tests.conftest import ROOT

from daicho.contracts.codelists import load_codelist
from daicho.intake.places import DistrictFinder


@pytest.mark.parametrize(
    ("address", "district"),
    [
        ("東京都港区三田一丁目4番28号", "shiba"),
        ("東京都港区三田3丁目1-1", "shiba"),
        ("東京都港区三田四丁目1番1号", "takanawa"),
        ("港区三田5-1-1", "takanawa"),
        ("海岸１丁目２－３", "shiba"),
        ("東京都港区海岸三丁目26番1号", "shibaura_konan"),
        ("東京都港区白金台三丁目10番18号", "takanawa"),
        ("東京都港区元赤坂一丁目", "akasaka"),
        ("東京都 港区　南青山二丁目", "akasaka"),
        ("東京都港区麻布狸穴町5番", "azabu"),
        ("東京都渋谷区神南一丁目", "unknown"),
        ("", None),
    ],
)
def test_town_and_chome_decide_the_district(address: str, district: str | None) -> None:
    finder = DistrictFinder(towns=load_codelist(ROOT / "data_contracts", "town"), prefecture="東京都", municipality="港区")
    assert finder.districts(pl.Series([address], dtype=pl.String)).to_list() == [district]
