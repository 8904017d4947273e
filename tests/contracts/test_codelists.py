from __future__ import annotations

import polars as pl
import pytest
from tests.contracts.folders import SHIPPED

from daicho.contracts.codelists import codes_of, dose_lookup, list_codelists, load_codelist, writings
from daicho.core.check_digits import is_municipality_code
from daicho.core.errors import UsageError

LABELS = [
    *("五種混合", "四種混合", "三種混合", "不活化ポリオ", "二種混合", "MR", "麻しん", "風しん", "日本脳炎", "BCG", "Hib", "小児肺炎球菌"),
    *("B型肝炎", "ロタ1価", "ロタ5価", "水痘", "HPV2価", "HPV4価", "HPV9価", "高齢者インフルエンザ", "高齢者肺炎球菌"),
    *("新型コロナ", "帯状疱疹生", "帯状疱疹組換え", "RSV母子免疫"),
]
FOUR = ("1期初回1", "1期初回2", "1期初回3", "1期追加")
FOUR_PERIODS = ("1期初回1", "1期初回2", "1期追加", "2期")
HIB = ("初回1", "初回2", "初回3", "追加")
TWO = ("1期", "2期")
STAGE_LABELS = {
    **dict.fromkeys(("五種混合", "四種混合", "三種混合", "不活化ポリオ"), FOUR),
    **dict.fromkeys(("二種混合", "日本脳炎"), FOUR_PERIODS),
    **{"MR": TWO, "麻しん": TWO, "風しん": (*TWO, "5期")},
    **dict.fromkeys(("Hib", "小児肺炎球菌"), HIB),
}
COUNTS = {
    **dict.fromkeys(("BCG", "高齢者インフルエンザ", "高齢者肺炎球菌", "帯状疱疹生", "RSV母子免疫"), 1),
    **dict.fromkeys(("ロタ1価", "水痘", "帯状疱疹組換え"), 2),
    **dict.fromkeys(("B型肝炎", "ロタ5価", "HPV2価", "HPV4価", "HPV9価"), 3),
    "新型コロナ": 10,
}


def test_the_vaccines_have_exactly_the_agreed_labels() -> None:
    assert load_codelist(SHIPPED, "vaccine")["label"].to_list() == LABELS


def test_program_classes_stand_in_the_vaccine_list_as_texts() -> None:
    frame = load_codelist(SHIPPED, "vaccine")
    assert set(frame["program_class"]) <= {"定期A", "定期B", "臨時", "任意"}
    by_label = dict(frame.select("label", "program_class").iter_rows())
    assert (by_label["MR"], by_label["高齢者インフルエンザ"], by_label["RSV母子免疫"]) == ("定期A", "定期B", "定期A")


def test_dose_stages_have_the_agreed_labels_in_order() -> None:
    label_of = dict(load_codelist(SHIPPED, "vaccine").select("code", "label").iter_rows())
    found: dict[str, list[str]] = {}
    for row in load_codelist(SHIPPED, "dose_stage").iter_rows(named=True):
        found.setdefault(label_of[row["vaccine_code"]], []).append(row["label"])
    numbered = {vaccine: [f"{n}回目" for n in range(1, count + 1)] for vaccine, count in COUNTS.items()}
    assert found == {vaccine: list(labels) for vaccine, labels in STAGE_LABELS.items()} | numbered


@pytest.mark.parametrize(
    ("vaccine", "stage", "number", "dose"),
    [
        ("DPT-IPV-HIB", "1期初回", 2, "DPT-IPV-HIB-12"),
        ("MR", "1期", 1, "MR-1"),
        ("MR", "2期", 1, "MR-2"),
        ("BCG", "", 1, "BCG-1"),
        ("DPT-IPV", "追加", 1, "DPT-IPV-1A"),
        ("DPT-IPV", "1期追加", 4, "DPT-IPV-1A"),
        ("PCV", "追加", 1, "PCV-A"),
        ("COVID", "", 7, "COVID-7"),
    ],
)
def test_what_an_extract_writes_for_a_dose_leads_to_the_dose(vaccine: str, stage: str, number: int, dose: str) -> None:
    found = dose_lookup(SHIPPED).filter(vaccine_code=vaccine, stage=stage, number=number)
    assert found["code"].to_list() == [dose]


def test_no_writing_of_a_dose_leads_to_two_doses() -> None:
    lookup = dose_lookup(SHIPPED)
    assert lookup.select("vaccine_code", "stage", "number").is_duplicated().sum() == 0
    assert lookup.schema["number"] == pl.Int16


def test_every_alias_of_a_dose_leads_to_the_dose_that_names_it() -> None:
    lookup = dose_lookup(SHIPPED)
    for row in load_codelist(SHIPPED, "dose_stage").iter_rows(named=True):
        for alias in filter(None, (row["aliases"] or "").split("|")):
            text, _, number = alias.partition("/")
            found = lookup.filter(vaccine_code=row["vaccine_code"], stage=text, number=int(number or row["number"]))
            assert found["code"].to_list() == [row["code"]]


def test_the_wards_are_the_23_and_the_five_neighbouring_cities() -> None:
    frame = load_codelist(SHIPPED, "ward")
    assert frame.filter(kind="ward").height == 23
    assert frame.filter(kind="city").select("code", "label").rows() == [
        ("132039", "武蔵野市"), ("132047", "三鷹市"), ("132080", "調布市"), ("132195", "狛江市"), ("132292", "西東京市"),
    ]  # fmt: skip
    assert all(is_municipality_code(code) for code in frame["code"])


def test_towns_split_by_chome_lie_in_the_right_districts() -> None:
    rows = load_codelist(SHIPPED, "town").select("town", "chome_from", "chome_to", "district_code").rows()
    assert [row for row in rows if row[0] in ("三田", "海岸")] == [
        ("海岸", "1", "1", "shiba"), ("三田", "1", "3", "shiba"), ("三田", "4", "5", "takanawa"), ("海岸", "2", "3", "shibaura_konan"),
    ]  # fmt: skip
    assert len({row[0] for row in rows}) == 30


def test_the_populations_of_the_districts_add_up_to_the_published_total() -> None:
    frame = load_codelist(SHIPPED, "district")
    assert frame["population"].cast(pl.Int64).sum() == 270_068
    assert frame["foreign_population"].cast(pl.Int64).sum() == 23_972


def test_unregistered_sex_is_a_code_of_its_own() -> None:
    assert set(codes_of(SHIPPED, "sex")) == {"0", "1", "2"}
    assert writings(SHIPPED, "sex")["男"] == "1"


def test_every_list_has_codes_and_labels() -> None:
    for name in list_codelists(SHIPPED):
        frame = load_codelist(SHIPPED, name)
        assert frame.height and frame.select(pl.col("code", "label").is_null().any()).row(0) == (False, False)


def test_writings_are_folded_so_that_full_width_forms_are_found() -> None:
    assert writings(SHIPPED, "vaccine")["HPV9価"] == "HPV9"
    assert writings(SHIPPED, "covid_maker")["武田/モデルナ"] == "moderna"


def test_an_unknown_list_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no code list flavour"):
        load_codelist(SHIPPED, "flavour")
