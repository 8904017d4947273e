"""Erasure certificates (消去証明書): what was erased, by which rule, how many rows, when and by whom; never whose.

An erasure is announced before it begins and certified when all of it is done: a crash in between leaves the announcement, and the next
`daicho retention --apply` ends the erasure and certifies it. Each certificate is a JSON file and the same in Japanese for the file cabinet.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daicho.core.config import Config
from daicho.core.fiscal import fiscal_year_label
from daicho.gate.kept_tables import TABLES
from daicho.vault.catalog import sync_folder

METHOD = (
    "保管庫の全ファイルを、対象行を除いて新しい暗号鍵で書き直し、旧暗号鍵を上書き消去、旧ファイルを削除した。"
    "旧ファイルの断片が媒体に残っても復号できない。ログ・提供記録・隔離行一覧・確認一覧は対象を除いて書き直し、または削除した。"
)
_PENDING = ".pending-"


def certificates_dir(config: Config) -> Path:
    return config.state_dir / "certificates"


def announce(config: Config, certificate: Mapping[str, Any]) -> None:
    """Write down, durably, what is about to be erased."""
    folder = certificates_dir(config)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(folder / f"{_PENDING}{certificate['certificate']}.json", json.dumps(certificate, ensure_ascii=False, indent=1))


def announced(config: Config) -> list[dict[str, Any]]:
    """Erasures that were begun and not certified."""
    found = []
    for path in sorted(certificates_dir(config).glob(f"{_PENDING}*.json")):
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def withdraw(config: Config, certificate: Mapping[str, Any]) -> None:
    """Forget an announcement: of an erasure that changed nothing, or that is certified."""
    (certificates_dir(config) / f"{_PENDING}{certificate['certificate']}.json").unlink(missing_ok=True)
    sync_folder(certificates_dir(config))


def certify(config: Config, certificate: Mapping[str, Any]) -> Path:
    """Write the certificate: the Japanese text first, then the JSON file, which counts; the announcement goes."""
    target = certificates_dir(config) / f"{certificate['certificate']}.json"
    _write(target.with_suffix(".txt"), text_of(certificate))
    _write(target, json.dumps(certificate, ensure_ascii=False, indent=1))
    withdraw(config, certificate)
    return target


def _write(target: Path, text: str) -> None:
    aside = target.with_name(target.name + ".new")
    with os.fdopen(os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    aside.rename(target)
    sync_folder(target.parent)


def text_of(certificate: Mapping[str, Any]) -> str:
    """The certificate for the file cabinet."""
    by = certificate["by"]
    lines = [
        "消去証明書",
        "",
        f"証明書番号  {certificate['certificate']}",
        f"自治体      {certificate['municipality']['name']}（{certificate['municipality']['code']}）",
        f"消去日時    {certificate['time']}",
        f"実施者      {by['user']}（uid {by['uid']}、端末 {by['terminal']}）",
        f"根拠        {_rule(certificate)}",
        f"方法        {METHOD}",
        "",
        "消去した件数",
    ]
    for item in certificate["erased"]:
        year = "" if item["fiscal_year"] is None else f"  {_year(item['fiscal_year'])}"
        lines.append(f"  {TABLES.get(item['table'], item['table'])}{year}  {item['rows']:,}件")
    entries = certificate["scanner_entries"]
    lines.append(f"  照合用索引（スキャナー）  {'件数は中断のため不明' if entries is None else f'{entries:,}件'}")
    if certificate["old_vault_key"]:
        lines += ["", f"破棄した暗号鍵  {certificate['old_vault_key']}（後継 {certificate['new_vault_key']}）"]
    return "\n".join(lines)


def _rule(certificate: Mapping[str, Any]) -> str:
    rule = certificate["rule"]
    if certificate["kind"] == "person":
        return "本人に係る消去の請求（個人を特定する事項はこの証明書に記載しない）"
    years = "、".join(f"{name} {years}年" for name, years in rule["years"].items())
    return f"保存期間の満了（基準日 {rule['on']}、記録の年度末から起算：{years}）"


def _year(year: int) -> str:
    try:
        return fiscal_year_label(year)
    except ValueError:
        return f"{year}年度"
