"""Worklists at the gate: pointers to the right physical lines, nothing else in file, answer or log, and only for clerks."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.conftest import TODAY, WARD_SMALL
from tests.gate.toy import NOW, ToyEngine, grant, launched, make_workspace, serving
from tests.intake.extract_factory import NUMBER_CHANGE, RESIDENT, VACCINATION, write_extract
from tests.vault.workshop import rows

from daicho.core.config import Config
from daicho.core.errors import DisclosureError, UsageError, VaultError
from daicho.gate.access_log import AccessLog
from daicho.gate.audit import audit_gate
from daicho.gate.client import GateClient
from daicho.gate.ledger_engine import LedgerEngine
from daicho.gate.roles import user_name
from daicho.gate.worklists import Worklists
from daicho.intake.load import take_in
from daicho.vault import mart_sql
from daicho.vault.rekey import rotate_keys
from daicho.vault.segments import SegmentWriter

ME = user_name(os.getuid())
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MR1 = {"vaccine": "MR", "dose": "1期"}
CHILD = {
    "生年月日": "20240601",
    "住民となった日": "20240601",
    "住所を定めた日": "20240601",
    "氏名": "秘匿一覧花子",
    "カナ氏名": "ヒトクイチランハナコ",
}
CANARIES = ("秘匿", "ヒトク", "510000000", "赤坂", "20240601", "2024-06-01", "CANARYLOT")


def log_of(config: Config) -> list[dict[str, Any]]:
    return list(AccessLog(config.log_dir, clock=lambda: NOW).entries())


def entries(path: Path) -> list[tuple[str, ...]]:
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") and content.count(b"\n") == content.count(b"\r\n")
    header, *found = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert header == ["source_file", "line", "reason", "class"]
    return [tuple(row) for row in found]


# Of the toy ledger: who asks, what is answered, what is kept


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_workspace(tmp_path)


def test_the_answer_is_a_file_name_and_a_number(config: Config) -> None:
    with serving(config), GateClient.connect(config) as client:
        made = client.worklist("children", where={"district": "芝"}, purpose="勧奨")
    assert made == {"file": made["file"], "rows": 50, "fewer_than": None}
    assert made["file"].startswith("children-2026-11-24-") and made["file"].endswith(".csv")
    found = entries(config.worklists_dir / made["file"])
    assert len(found) == 50 and found[0][0] == "子.csv" and ("子.csv", "unknown line", "D1", "soon") in found
    assert "山田" not in (config.worklists_dir / made["file"]).read_text(encoding="utf-8")


def test_few_persons_are_not_counted_in_the_answer_and_none_is_none(config: Config) -> None:
    with serving(config) as server, GateClient.connect(config) as client:
        few = client.worklist("children", where={"district": "B"}, as_of="2026-04-01")
        assert (few["rows"], few["fewer_than"]) == (17, None)
        engine = server._office.engine
        assert isinstance(engine, ToyEngine)
        compile_worklist = engine.compile_worklist

        def limited(limit: int) -> Callable[..., Any]:
            def compiled(*arguments: Any, **more: Any) -> Any:
                query = compile_worklist(*arguments, **more)
                return type(query)(**{**vars(query), "sql": f"SELECT * REPLACE ({limit} AS persons) FROM ({query.sql}) LIMIT {2 * limit}"})

            return compiled

        for limit, rows_, fewer in [(9, None, 10), (1, None, 10), (10, 20, None), (0, 0, None)]:
            engine.compile_worklist = limited(limit)  # type: ignore[method-assign]
            made = client.worklist("children", where={"district": "A"})
            assert (made["rows"], made["fewer_than"]) == (rows_, fewer), limit
            assert len(entries(config.worklists_dir / made["file"])) == 2 * limit
    assert [entry["cells"] for entry in log_of(config)] == [17, 18, 2, 20, 0], "the log knows the number"


def test_folder_and_file_are_private_and_nothing_lies_aside(config: Config) -> None:
    old = os.umask(0)
    try:
        with serving(config), GateClient.connect(config) as client:
            made = client.worklist("children", where={"district": "A"})
    finally:
        os.umask(old)
    path = config.worklists_dir / made["file"]
    assert [stat.S_IMODE(item.stat().st_mode) for item in (path.parent, path)] == [0o700, 0o600]
    assert list(config.worklists_dir.iterdir()) == [path]


def test_the_log_holds_who_why_what_and_how_many(config: Config) -> None:
    with serving(config), GateClient.connect(config) as client:
        made = client.worklist("children", where={"district": ["芝", "B"]}, as_of="2026-04-01", purpose="勧奨")
    (entry,) = log_of(config)
    assert (entry["outcome"], entry["purpose"], entry["user"], entry["cells"], entry["release_id"]) == ("listed", "勧奨", ME, 67, "")
    assert entry["request"] == {
        "op": "worklist", "worklist": "children", "where": {"district": ["A", "B"]}, "parameters": {"as_of": "2026-04-01"}, "snapshot": 1,
        "file": made["file"],
    }  # fmt: skip
    assert audit_gate(config) == ()


@pytest.mark.parametrize(
    "request_",
    [
        {"worklist": "nothing"},
        {"worklist": 3},
        {},
        {"worklist": "children"},
        {"worklist": "children", "where": {"district": ["山田花子"]}},
        {"worklist": "children", "where": {"district": ["A"], "sex": ["1"]}},
        {"worklist": "children", "where": {"district": ["A"]}, "parameters": {"person": "1"}},
        {"worklist": "children", "where": {"district": ["A"]}, "by": ["district"]},
        {"worklist": "children", "where": {"district": ["A"]}, "profile": "statutory"},
        {"worklist": "children", "where": {"district": ["A"]}, "snapshot": -1},
        {"worklist": "children", "where": {"district": ["A"]}, "sql": "SELECT 1"},
    ],
)
def test_whatever_is_outside_the_vocabulary_gets_the_one_refusal_and_leaves_no_word_behind(
    config: Config, request_: dict[str, Any]
) -> None:
    with serving(config), GateClient.connect(config) as client, pytest.raises(UsageError, match="the catalogue does not offer"):
        client._ask({"op": "worklist", **request_})
    (entry,) = log_of(config)
    assert (entry["outcome"], entry["request"]) == ("refused:UsageError", {"op": "worklist"})
    assert not config.worklists_dir.exists()


def test_an_engine_error_that_quotes_a_row_ends_in_the_gate(config: Config) -> None:
    with serving(config), GateClient.connect(config) as client, pytest.raises(VaultError) as refused:
        client.worklist("leaking")
    assert "山田" not in str(refused.value)
    assert all("山田".encode() not in path.read_bytes() for path in config.state_dir.rglob("*") if path.is_file())
    assert not list(config.worklists_dir.glob("*"))


@pytest.mark.parametrize(("role", "is_allowed"), [("officer", True), ("report_runner", True), ("analyst", False)])
def test_officers_and_report_runners_may_ask_and_analysts_may_not(tmp_path: Path, role: str, is_allowed: bool) -> None:
    config = make_workspace(tmp_path, roles=grant(ME, role, "2026-12-31"))
    with serving(config), GateClient.connect(config) as client:
        if is_allowed:
            assert client.worklist("children", where={"district": "A"})["rows"] == 50
            return
        with pytest.raises(DisclosureError, match="officer or report-runner"):
            client.worklist("children", where={"district": "A"})
    assert [entry["outcome"] for entry in log_of(config)] == ["refused:DisclosureError"]
    assert not config.worklists_dir.exists()


@pytest.mark.parametrize("role", ["officer", "report_runner", "analyst"])
def test_a_sealed_kernel_is_refused_whatever_its_role(config: Config, role: str) -> None:
    with serving(config), GateClient.connect(config) as admin, launched(config, admin, role=role) as kernel:
        for name in ("children", "nothing"):
            with pytest.raises(UsageError, match="the catalogue does not offer"):
                kernel.worklist(name, where={"district": "A"})
    assert [entry["outcome"] for entry in log_of(config)] == ["launched", "refused:UsageError", "refused:UsageError"]
    assert not config.worklists_dir.exists()


def test_a_role_that_ends_while_the_session_is_open_ends_here_too(tmp_path: Path) -> None:
    config = make_workspace(tmp_path, roles=grant(ME, "officer", "2026-11-24"))
    now = [NOW]
    with serving(config, clock=lambda: now[0]), GateClient.connect(config) as client:
        client.worklist("children", where={"district": "A"})
        now[0] += timedelta(days=1)
        with pytest.raises(DisclosureError):
            client.worklist("children", where={"district": "A"})
    assert len(list(config.worklists_dir.iterdir())) == 1


def test_no_list_appears_that_the_log_does_not_hold(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise VaultError("the access log cannot be written")

    with serving(config), GateClient.connect(config) as client:
        monkeypatch.setattr(AccessLog, "record", full)
        with pytest.raises(VaultError):
            client.worklist("children", where={"district": "A"})
        monkeypatch.undo()
    assert list(config.worklists_dir.iterdir()) == []


def test_a_list_that_cannot_be_written_or_named_is_refused_and_leaves_nothing(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with serving(config), GateClient.connect(config) as client:
        monkeypatch.setattr("daicho.gate.worklists._write_private", full)
        with pytest.raises(VaultError, match="No space left"):
            client.worklist("children", where={"district": "A"})
        monkeypatch.undo()
        monkeypatch.setattr(Worklists, "_publish", full)
        with pytest.raises(VaultError, match="gate failed"):
            client.worklist("children", where={"district": "A"})
        monkeypatch.undo()
        assert client.worklist("children", where={"district": "A"})["rows"] == 50
    assert len(list(config.worklists_dir.iterdir())) == 1


def test_what_a_killed_gate_left_aside_is_removed_and_lists_stay(config: Config) -> None:
    config.worklists_dir.mkdir(parents=True)
    for name in (".aside-children-2026-11-24-00000000.csv", "children-2026-11-23-00000000.csv"):
        (config.worklists_dir / name).write_text("x", encoding="utf-8")
    with serving(config):
        pass
    assert [path.name for path in config.worklists_dir.iterdir()] == ["children-2026-11-23-00000000.csv"]


# Of real extracts: the pointers


@contextmanager
def gate(config: Config) -> Iterator[GateClient]:
    with serving(config, engine=LedgerEngine(config), clock=lambda: NOON), GateClient.connect(config) as client:  # type: ignore[arg-type]
        yield client


def listed(config: Config, name: str = "reminders", where: Mapping[str, str] = MR1, **parameters: Any) -> list[tuple[str, ...]]:
    given = {"as_of": "2026-01-15", **parameters}
    with gate(config) as client:
        made = client.worklist(name, where=where, purpose="確認", **given)
    found = entries(config.worklists_dir / made["file"])
    said = json.dumps([made, log_of(config)], ensure_ascii=False) + (config.worklists_dir / made["file"]).read_text(encoding="utf-8")
    assert [canary for canary in CANARIES if canary in said] == []
    return found


def number(place: int) -> str:
    return str(5_100_000_001 + place)


def lines_of(found: list[tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in found]


@pytest.fixture
def office(workspace: Config, tmp_path: Path) -> Callable[..., Config]:
    """Take in extracts given by their rows; each call is a delivery."""

    def deliver(residents: Any = (), vaccinations: Any = (), changes: Any = (), *, suffix: str = "") -> Config:
        paths = [
            write_extract(tmp_path / f"{name}{suffix}.csv", ordinary, given)
            for name, ordinary, given in (
                ("resident", {**RESIDENT, **CHILD}, residents), ("vaccination", VACCINATION, vaccinations), ("number_change", NUMBER_CHANGE, changes),
            )
            if given
        ]  # fmt: skip
        take_in(paths, config=workspace, today=TODAY)
        return workspace

    return deliver


def test_a_pointer_is_the_physical_line_of_the_persons_row(office: Callable[..., Config]) -> None:
    config = office(
        [{"宛名番号": number(place)} for place in range(3)], [{"宛名番号": number(1), "接種日": "20250701", "予診日": "20250701"}]
    )
    assert listed(config) == [("resident.csv", "2", "MR-1", "within_180_days"), ("resident.csv", "4", "MR-1", "within_180_days")]


def test_rows_quarantined_before_move_no_pointer(office: Callable[..., Config]) -> None:
    bad = {"宛名番号": number(0), "生年月日": "what"}
    config = office([bad, *({"宛名番号": number(place), "生年月日": "20100101"} for place in range(1, 120)), {"宛名番号": number(120)}])
    assert lines_of(listed(config)) == [("resident.csv", "122")]


def test_a_row_over_several_lines_is_pointed_to_by_its_first(workspace: Config, tmp_path: Path) -> None:
    path = write_extract(
        tmp_path / "resident.csv",
        {**RESIDENT, **CHILD},
        [
            {"宛名番号": number(0), "世帯主情報": '"秘匿\n二行\n三行"'},
            {"宛名番号": number(1), "世帯主情報": '"秘匿\n二行"'},
            {"宛名番号": number(2)},
        ],
    )
    take_in([path], config=workspace, today=TODAY)
    found = lines_of(listed(workspace))
    assert found == [("resident.csv", "2"), ("resident.csv", "5"), ("resident.csv", "7")]
    physical = path.read_bytes().decode("cp932").split("\n")
    assert [physical[int(line) - 1].split(",")[0] for _, line in found] == [number(0), number(1), number(2)]


def test_the_newest_row_of_the_number_in_use_is_the_one(office: Callable[..., Config]) -> None:
    former = {"宛名番号": "9500000001", "住民となった日": "20250901", "住所を定めた日": "20250901"}
    earlier, later = ({"宛名番号": number(0), "住民となった日": day, "住所を定めた日": day} for day in ("20240601", "20250801"))
    config = office([former, later, earlier], changes=[{"新宛名番号": number(0)}])
    assert lines_of(listed(config)) == [("resident.csv", "3")]


def test_a_later_delivery_replaces_the_pointer(office: Callable[..., Config]) -> None:
    office([{"宛名番号": number(place)} for place in range(4)])
    config = office([{"宛名番号": number(3), "住所届出日": "20250501"}], suffix="_2")
    assert lines_of(listed(config)) == [("resident.csv", "2"), ("resident.csv", "3"), ("resident.csv", "4"), ("resident_2.csv", "2")]
    assert lines_of(listed(config, snapshot=1)) == [("resident.csv", str(line)) for line in (2, 3, 4, 5)]


def test_a_full_delivery_of_the_same_file_name_leaves_no_old_pointer(office: Callable[..., Config]) -> None:
    office([{"宛名番号": number(place)} for place in range(3)])
    config = office([{"宛名番号": number(place), "住所届出日": "20250501"} for place in (2, 1, 0)])
    assert lines_of(listed(config)) == [("resident.csv", str(line)) for line in (2, 3, 4)]
    assert rows(config, "SELECT count(*), min(batch), max(batch) FROM person_row") == [(3, 2, 2)]


def test_of_two_equal_register_rows_the_first_is_pointed_to(office: Callable[..., Config]) -> None:
    assert lines_of(listed(office([{"宛名番号": number(0)}, {"宛名番号": number(1)}, {"宛名番号": number(0)}]))) == [
        ("resident.csv", "2"), ("resident.csv", "3"),
    ]  # fmt: skip


def test_exact_duplicates_are_one_pointer_and_a_second_channel_has_its_own(office: Callable[..., Config]) -> None:
    child = {"宛名番号": number(0), "生年月日": "20200401", "住民となった日": "20200401", "住所を定めた日": "20200401"}
    shot = {"宛名番号": number(0), "接種日": "20210501", "予診日": "20210501", "ワクチンロット番号": "CANARYLOT"}
    other = {**shot, "支払月": "202108", "医療機関所在地フラグ": "2"}
    late = {**shot, "接種日": "20210720", "予診日": "20210720", "支払月": "202108"}
    config = office([child], [shot, shot, other, late, late])
    assert listed(config, "holds", {}, month=202108) == [
        ("vaccination.csv", "4", "DUPLICATE", "reject"), ("vaccination.csv", "5", "SECOND_DOSE", "hold"),
    ]  # fmt: skip
    assert listed(config, "holds", {}, month=202106) == []


def test_nobody_to_remind_is_an_empty_list(office: Callable[..., Config]) -> None:
    assert listed(office([{"宛名番号": number(0), "生年月日": "20100101"}])) == []


def test_segments_without_lines_still_open_and_their_rows_are_of_unknown_line(
    office: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    append = SegmentWriter.append

    def without_lines(self: SegmentWriter, frame: pl.DataFrame, *, table: str = "rows") -> None:
        append(self, frame.drop("line", strict=False), table=table)

    with monkeypatch.context() as patched:
        patched.setattr(SegmentWriter, "append", without_lines)
        office([{"宛名番号": number(place)} for place in range(3)])
    config = office([{"宛名番号": number(0), "住所届出日": "20250501"}], suffix="_2")
    assert lines_of(listed(config)) == [*[("resident.csv", "unknown line")] * 2, ("resident_2.csv", "2")]


def test_a_mart_without_pointers_is_made_again(office: Callable[..., Config], monkeypatch: pytest.MonkeyPatch) -> None:
    made = mart_sql.tables
    with monkeypatch.context() as patched:
        patched.setattr(mart_sql, "tables", lambda *given: [statement for statement in made(*given) if "mart.person_row" not in statement])
        config = office([{"宛名番号": number(0)}])
    assert lines_of(listed(config)) == [("resident.csv", "2")]


def test_pointers_outlive_a_rotation_of_keys(office: Callable[..., Config]) -> None:
    config = office(
        [{"宛名番号": number(place)} for place in range(3)], [{"宛名番号": number(1), "接種日": "20250701", "予診日": "20250701"}]
    )
    before = listed(config)
    rotate_keys(config, today=TODAY)
    assert listed(config) == before


def test_the_small_wards_pointers_are_those_an_independent_reading_of_the_files_gives(ward: Config) -> None:
    with gate(ward) as client:
        made = client.worklist("reminders", where=MR1, as_of="2025-10-01", purpose="確認")
    found = entries(ward.worklists_dir / made["file"])

    def read(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO((WARD_SMALL / name).read_bytes().decode("cp932"))))

    def day(text: str) -> str:
        year = {"3": 1925, "4": 1988, "5": 2018}.get(text[:1]) if len(text) == 7 else None
        return f"{int(text[1:3]) + year}{text[3:]}" if year else "unreadable"

    merged = {change["旧宛名番号"]: change["新宛名番号"] for change in read("number_change.csv")}
    vaccinated = {
        merged.get(dose["宛名番号"], dose["宛名番号"])
        for dose in read("vaccination.csv")
        if dose["予防接種種別コード"] == "Y0501"
        and dose["接種期"] == "1期"
        and dose["予診フラグ"] == "0"
        and day(dose["接種日"]) <= "20251001"
    }
    expected = {
        resident["宛名番号"]
        for resident in read("resident.csv")
        if "20231002" <= day(resident["生年月日"]) <= "20241002"
        and day(resident["住民となった日"]) <= "20251001"
        and (not resident["消除日"] or day(resident["消除日"]) > "20251001")
    }
    physical = (WARD_SMALL / "resident.csv").read_bytes().decode("cp932").split("\n")
    pointed = [physical[int(line) - 1].split(",")[0] for _, line, _, _ in found]
    assert len(set(pointed)) == len(pointed) > 50
    assert set(pointed) == {merged.get(person, person) for person in expected} - vaccinated
    content = (ward.worklists_dir / made["file"]).read_text(encoding="utf-8") + json.dumps(log_of(ward)[-1], ensure_ascii=False)
    assert not [person for person in pointed if person in content] and "秘匿" not in content
