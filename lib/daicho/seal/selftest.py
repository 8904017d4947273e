"""The seal, tested from inside before any code of the user runs. The results stand in the footer of every report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from daicho.core.errors import SealError
from daicho.seal import attempts
from daicho.seal.policy import SealPolicy
from daicho.seal.report import SelfTestResult

_LABELS: Mapping[str, tuple[str, str]] = {
    "place:vault": ("保管庫を開けない", "the vault cannot be opened"),
    "place:keys": ("鍵を読めない", "the keys cannot be read"),
    "place:log": ("アクセス記録を読めない", "the access log cannot be read"),
    "place:releases": ("提供記録の原本を読めない", "the release ledger's files cannot be read"),
    "place:quarantine": ("隔離記録を読めない", "the quarantine cannot be read"),
    "place:worklists": ("確認一覧を読めない", "the worklists cannot be read"),
    "place:gate": ("ゲートの管理者トークンを読めない", "the gate's administrators' token cannot be read"),
    "place:extracts": ("抽出ファイルを読めない", "the extracts cannot be read"),
    "state": ("状態フォルダーを一覧できない", "the state folder cannot be listed"),
    "private": ("利用者の私的な場所を読めない", "the user's private places cannot be read"),
    "outside": ("作業フォルダーの外に書けない", "nothing can be written outside the work folder"),
    "links": ("リンクで外へ出られない", "links do not lead outside"),
    "parent-environment": ("親プロセスの環境を読めない", "the parent's environment cannot be read"),
    "gate-memory": ("ゲートのメモリを読めない", "the gate's memory cannot be read"),
    "trace": ("他のプロセスを追跡できない", "no other process can be traced"),
    "signal": ("他のプロセスに信号を送れない", "no signal reaches another process"),
    "tcp": ("TCP で通信できない", "no TCP"),
    "udp": ("UDP で通信できない", "no UDP"),
    "unix": ("ほかのソケットに接続できない", "no other socket can be connected to"),
    "child": ("子プロセスも同じく封止されている", "child processes are sealed as well"),
}


def run_selftest(policy: SealPolicy) -> tuple[SelfTestResult, ...]:
    """Try to get out in every way the seal should stop, and return what happened. Call it after `apply_seal`, before threads start."""
    return tuple(_result(check, passed=attempt()) for check, attempt in _attempts(policy).items())


def refuse_leaks(results: Sequence[SelfTestResult]) -> None:
    """Raise SealError naming the checks that failed, if any did: an attempt got through, or did not fail by being refused."""
    failed = [result.check for result in results if not result.passed]
    if failed or not results:
        named = ", ".join(failed) or "no check at all"
        raise SealError(f"the kernel is not sealed: its self-test was not refused at {named}; nothing was run.")


def _attempts(policy: SealPolicy) -> dict[str, Callable[[], bool]]:
    places = {f"place:{name}": partial(attempts.is_place_closed, place) for name, place in policy.protected.items()}
    closed = [place for place in (*policy.protected.values(), *policy.private) if place.exists()]
    return places | {
        "state": partial(attempts.is_place_closed, policy.state_dir),
        "private": lambda: all(attempts.is_place_closed(place) for place in policy.private),
        "outside": lambda: all(attempts.is_folder_unwritable(folder) for folder in _folders_outside(policy)),
        "links": lambda: all(attempts.is_linking_refused(target, work_dir=policy.work_dir) for target in _link_targets(policy)),
        "parent-environment": partial(attempts.is_environment_closed, policy.parent_pid),
        "gate-memory": partial(attempts.is_memory_closed, policy.gate_pid),
        "trace": partial(attempts.is_tracing_refused, policy.parent_pid),
        "signal": partial(attempts.is_signal_refused, policy.parent_pid),
        "tcp": attempts.is_tcp_refused,
        "udp": attempts.is_udp_refused,
        "unix": partial(attempts.is_unix_connect_refused, policy.gate_socket),
        "child": partial(attempts.is_child_confined, closed, parent_pid=policy.parent_pid),
    }


def _result(check: str, *, passed: bool) -> SelfTestResult:
    label_ja, label_en = _LABELS.get(
        check.partition("-")[0] if check.startswith("place:") else check, (f"{check} を読めない", f"{check} cannot be read")
    )
    return SelfTestResult(check=check, label_ja=label_ja, label_en=label_en, passed=passed)


def _folders_outside(policy: SealPolicy) -> list[Path]:
    folders = (policy.work_dir.parent, Path("/tmp"), Path("/dev/shm"), Path("/"))
    return [folder for folder in folders if folder.is_dir()]


def _link_targets(policy: SealPolicy) -> list[Path]:
    return [place for place in (policy.gate_socket, *policy.private) if place.exists() and not place.is_dir()]
