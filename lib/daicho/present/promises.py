"""What the municipality promised in its impact assessment (特定個人情報保護評価書), in our words, and the checks that prove each promise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """One promise and the names of its checks."""

    ja: str
    en: str
    checks: tuple[str, ...]


SAFEGUARDS = (
    Promise(
        "番号の表と個人の表を分け、番号を必要としない職員は番号に触れない",
        "Numbers and persons lie in separate tables; staff who do not need the number cannot reach it",
        ("pseudonymised", "keys_private"),
    ),
    Promise(
        "権限を職務ごとに最長1年で付与し、期限が来れば自動的に失効させる",
        "Rights are granted per function for at most a year and lapse by themselves",
        ("roles_bounded", "roles_expire"),
    ),
    Promise(
        "利用のすべてについて日時・職員・端末・目的を記録し、7年間保存して点検する",
        "Every use is logged with time, staff, terminal and reason, kept seven years and reviewed",
        ("access_log", "purposes", "log_kept", "yearly_check"),
    ),
    Promise("端末に個人データを保存できない", "Terminals cannot store the data", ("kernels_sealed", "seal", "scanner_index")),
    Promise(
        "受け渡しの媒体は承認・記録・暗号化し、使用後に消去して記録する",
        "Media are approved, recorded, encrypted, and erased afterwards with a record",
        ("batches_registered", "media_erased"),
    ),
    Promise("暗号化し、論理的に分離した領域に保管する", "Data lie encrypted in a logically separate area", ("encrypted", "keys_private")),
    Promise("必要な項目だけを取り込む", "Only the data needed is taken in", ("items_explained", "pseudonymised", "contracts_lock")),
    Promise("取込時に検査し、訂正を記録する", "Data are checked on entry, corrections recorded", ("entry_checked",)),
    Promise("副本を原本と照合する", "Copies are checked against the original", ("copy_checked",)),
    Promise(
        "5年以上の保存期間を守り、期間後は復元できない方法で消去し、証明書を作成する",
        "Data are kept at least five years, then erased unrecoverably with a certificate",
        ("retention_current", "certificates"),
    ),
    Promise(
        "評価書に照らして毎年点検し、監査を受ける",
        "Every year the work is checked and audited against the written assessment",
        ("yearly_check", "release_ledger", "submissions"),
    ),
    Promise(
        "対象者30万人以上、項目100以上の規模で安全に運用する",
        "The work is safe at the scale of 300,000 persons and 100 items",
        ("scale",),
    ),
    Promise(
        "VRSのCSV、接種券、予診票に個人番号を含めない",
        "The CSV of the VRS, vouchers and forms carry no individual number",
        ("individual_numbers",),
    ),
)

USES = (
    Promise(
        "年1回の実施報告では、個人を識別できる事項を報告しない",
        "The yearly return holds nothing that identifies a person",
        ("use_annual_return", "outputs_anonymous"),
    ),
    Promise(
        "接種率を正確に把握し、低い疾病の勧奨に役立てる",
        "Coverage is known precisely, so that low-coverage diseases get reminders",
        ("use_coverage",),
    ),
    Promise("医療機関への委託料を正しく支払う", "Fees are paid to providers", ("use_payments",)),
    Promise(
        "接種の時期・年齢・回数・間隔の誤りを防ぐ",
        "Errors in timing, age, count and interval are prevented",
        ("use_errors",),
    ),
    Promise(
        "他区・他自治体で受けた接種の請求を正しく扱う",
        "Claims for residents vaccinated elsewhere are handled",
        ("use_other_wards",),
    ),
    Promise(
        "統計・分析で個人を選び出さない。新型コロナでは個人を選び出す分析を行わない",
        "Statistics single out nobody; for COVID-19 no analysis that does so is done at all",
        ("small_counts_withheld", "covid_nobody", "public_proof", "outputs_anonymous"),
    ),
)
