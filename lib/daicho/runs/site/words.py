"""The words of the report index, in Japanese and English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from daicho.runs.publish.texts import Texts
from daicho.runs.site.runs_made import Change

_WORDS: Mapping[str, tuple[str, str]] = {
    "site": ("報告の一覧", "Report index"),
    "morning": ("けさの状況", "This morning"),
    "needs": ("人の対応を待つもの", "Waiting for a person"),
    "needs_count": ("{n}件", "{n}"),
    "nothing_needs": ("なし", "nothing"),
    "failed": ("失敗した計画", "Failed"),
    "failed_means": ("原因を直すと、次の定時実行でやり直します。", "Mend the cause; the next scheduled run tries again."),
    "broken": ("読めない計画", "Plans that cannot be read"),
    "waiting": ("抽出ファイルの到着待ち（待機）", "Waiting for extracts"),
    "overdue": ("期限超過", "overdue"),
    "waits": ("待機", "waiting"),
    "ready": ("次の定時実行で作るもの", "Made by the next scheduled run"),
    "interrupted": ("中断したもの（次の定時実行で続ける）", "Interrupted (taken up by the next scheduled run)"),
    "done": ("きのうから今までに作ったもの", "Made since yesterday"),
    "coming": ("今後7日間の予定", "Due within seven days"),
    "none": ("ありません。", "None."),
    "plan": ("計画", "Plan"),
    "period": ("期間", "Period"),
    "due": ("予定日", "Due"),
    "recipients": ("提供先", "For"),
    "extract": ("待っている抽出ファイル", "Extract waited for"),
    "deadline": ("期限", "Deadline"),
    "reason": ("原因", "Reason"),
    "attempts": ("試行", "Attempts"),
    "catalogue": ("報告", "Reports"),
    "all_runs": ("すべての実行を見る（{n}件）", "All runs ({n})"),
    "runs_of": ("すべての実行", "All runs"),
    "back": ("一覧へ戻る", "Back to the index"),
    "version": ("第{n}版", "Version {n}"),
    "first_version": ("初版", "First version"),
    "same": ("前の版と数値は同じ", "same figures as before"),
    "changed": ("前の版から変わった表 {n}／{of}", "tables changed {n} of {of}"),
    "other_data": ("台帳が新しい", "newer ledger"),
    "other_code": ("プログラムが新しい", "newer program"),
    "open": ("開く", "Open"),
    "failed_at": ("{step}で停止（{error}、終了コード{code}）", "stopped at {step} ({error}, exit code {code})"),
    "version_head": ("版と変更", "Version and changes"),
    "vaccination": ("予防接種台帳", "vaccinations"),
    "resident": ("住民記録", "residents"),
}


class Words(Texts):
    """The texts of published documents and those of the index."""

    def word(self, name: str, **values: object) -> str:
        return _WORDS[name][0 if self.language == "ja" else 1].format(**values)

    def kind(self, kind: str) -> str:
        """The name of a kind of extract; kinds without one keep the name of their contract."""
        return self.word(kind) if kind in _WORDS else kind

    def period(self, name: str, every: str) -> str:
        """2026-12 as 2026年12月, the quarter, half-year or fiscal year that begins in it; weeks and days as they are."""
        if self.language != "ja" or not every or every == "week" or len(name) != 7:
            return name
        year, month = int(name[:4]), int(name[5:])
        fiscal = year if month >= 4 else year - 1
        of_year = f"令和{fiscal - 2018}年度" if fiscal > 2018 else f"{fiscal}年度"
        if every == "fiscal_year":
            return of_year
        if every == "half_year":
            return f"{of_year}{'上' if month == 4 else '下'}半期"
        if every == "quarter":
            return f"{of_year}第{(month - 4) % 12 // 3 + 1}四半期"
        return f"{year}年{month}月"

    def short_day(self, day: date) -> str:
        """12月7日（月）, or 7 Dec (Mon)."""
        if self.language == "ja":
            return f"{day.month}月{day.day}日（{'月火水木金土日'[day.weekday()]}）"
        return f"{self.day(day)} ({('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[day.weekday()]})"

    def change(self, version: int, change: Change | None) -> str:
        if change is None:
            return self.word("first_version")
        told = [self.word("version", n=version)]
        told.append(self.word("changed", n=change.tables, of=change.of_tables) if change.tables else self.word("same"))
        told += [self.word("other_data")] * change.is_other_data + [self.word("other_code")] * change.is_other_code
        return ("、" if self.language == "ja" else ", ").join(told)
