"""What the tables that have a retention period are called in certificates and reports.

Apart from the rest of retention, because kernels read it, and they must not load the vault's engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

TABLES: Mapping[str, str] = MappingProxyType(
    {
        "resident": "住民",
        "vaccination": "予防接種記録",
        "covid_record": "新型コロナ接種記録",
        "vrs_wide": "VRS記録",
        "notice_history": "通知履歴",
        "shared_copy": "中間サーバー副本",
        "welfare": "福祉区分",
        "number_change": "宛名番号変更",
        "access_log": "アクセスログ",
        "releases": "提供記録",
        "quarantine": "隔離行一覧",
        "worklists": "確認一覧",
    }
)
