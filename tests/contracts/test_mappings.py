from __future__ import annotations

from pathlib import Path

import pytest
from tests.contracts.folders import SHIPPED

from daicho.contracts.mappings import check_codes, check_mapping, load_vendor_mapping, unmapped_codes
from daicho.core.errors import UsageError


def mapping_file(tmp_path: Path, name: str, text: str, *, encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_vendor_codes_map_to_labels_in_either_encoding(tmp_path: Path, encoding: str) -> None:
    path = mapping_file(tmp_path, "vendor_codes.csv", "vendor_code,label\r\nY0501,MR\r\nY0110,五種混合\r\n", encoding=encoding)
    assert load_vendor_mapping(path, contracts_dir=SHIPPED).codes == {"vaccine": {"Y0501": "MR", "Y0110": "DPT-IPV-HIB"}}


def test_the_end_of_the_file_name_names_the_code_list(tmp_path: Path) -> None:
    path = mapping_file(tmp_path, "vendor_a_copay_class.csv", "vendor_code,code\nA,paid\nB,free\n")
    assert load_vendor_mapping(path, contracts_dir=SHIPPED).codes == {"copay_class": {"A": "paid", "B": "free"}}


def test_a_label_in_no_list_is_named_with_its_row(tmp_path: Path) -> None:
    path = mapping_file(tmp_path, "x.csv", "vendor_code,label\n1,MR\n2,麻疹風疹\n")
    with pytest.raises(UsageError, match=r"x\.csv, row 3: 麻疹風疹 is in the code list vaccine neither"):
        load_vendor_mapping(path, contracts_dir=SHIPPED)


def test_a_vendor_code_mapped_to_two_codes_is_refused(tmp_path: Path) -> None:
    path = mapping_file(tmp_path, "x.csv", "vendor_code,label\n1,MR\n1,BCG\n")
    with pytest.raises(UsageError, match="mapped twice"):
        load_vendor_mapping(path, contracts_dir=SHIPPED)


def test_headers_are_mapped_for_the_kind_named_in_the_row_or_in_the_file_name(tmp_path: Path) -> None:
    by_row = mapping_file(tmp_path, "a.csv", "vendor_header,header,kind\n種別,予防接種種別コード,vaccination\n")
    by_name = mapping_file(tmp_path, "b_vaccination_headers.csv", "vendor_header,header\n種別,予防接種種別コード\n")
    for path in (by_row, by_name):
        assert load_vendor_mapping(path, contracts_dir=SHIPPED).headers == {"vaccination": {"種別": "予防接種種別コード"}}


def test_a_header_without_a_kind_is_mapped_for_every_kind_that_has_it(tmp_path: Path) -> None:
    path = mapping_file(tmp_path, "a.csv", "vendor_header,header\n送った日,送付日\n種別,予防接種種別コード\n")
    headers = load_vendor_mapping(path, contracts_dir=SHIPPED).headers
    assert headers["notice_history"] == {"送った日": "送付日", "種別": "予防接種種別コード"}
    assert set(headers) == {"notice_history", "vaccination", "shared_copy", "invoice"}


def test_headers_of_repeated_columns_can_be_mapped(tmp_path: Path) -> None:
    path = mapping_file(tmp_path, "a.csv", "vendor_header,header,kind\n一回目接種日,接種日(1回目),vrs_wide\n")
    assert load_vendor_mapping(path, contracts_dir=SHIPPED).headers == {"vrs_wide": {"一回目接種日": "接種日(1回目)"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vendor_header,header\nx,体温\n", "体温 is no header of any kind"),
        ("vendor_header,header,kind\nx,接種日,doses\n", "no extract kind doses"),
        ("vendor_code,label,extra\n1,MR,x\n", "no others"),
        ("vendor_code,label\n1,\n", "must both be filled"),
        ("vendor_code,label\n1,MR,more\n", "3 cells"),
    ],
)
def test_a_faulty_mapping_file_is_a_finding(tmp_path: Path, text: str, message: str) -> None:
    findings = check_mapping(mapping_file(tmp_path, "m.csv", text), contracts_dir=SHIPPED)
    assert [finding.severity for finding in findings] == ["error"]
    assert message in findings[0].message


def test_every_code_that_maps_to_nothing_is_named(tmp_path: Path) -> None:
    mapping = load_vendor_mapping(mapping_file(tmp_path, "v.csv", "vendor_code,label\nY0501,MR\n"), contracts_dir=SHIPPED)
    codes = ["Y0501", "Y0301", "MR", "五種混合", "ＢＣＧ", "", None, "Y0110"]
    assert unmapped_codes(codes, codelist="vaccine", contracts_dir=SHIPPED, mapping=mapping) == ("Y0110", "Y0301")
    findings = check_codes(codes, codelist="vaccine", column="予防接種種別コード", where="f.csv", contracts_dir=SHIPPED, mapping=mapping)
    assert [finding.where for finding in findings] == ["f.csv", "f.csv"]
    assert "Y0110" in findings[0].message and "Y0301" in findings[1].message


def test_a_column_that_holds_no_codes_is_told_without_its_cells() -> None:
    names = [f"秘匿{n:04d}花子" for n in range(150)]
    findings = check_codes(names, codelist="vaccine", column="予防接種種別コード", where="f.csv", contracts_dir=SHIPPED)
    assert len(findings) == 1
    assert "150 values" in findings[0].message and "秘匿" not in findings[0].message
