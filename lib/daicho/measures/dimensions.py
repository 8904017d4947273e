"""The dimensions, each declared once. Dates of birth, persons, lot numbers and free text are not among them: they do not exist here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from daicho.core.errors import UsageError
from daicho.measures.covid_vocabulary import OUTCOME_LABELS, PLACE_LABELS, SOURCE_LABELS
from daicho.measures.error_vocabulary import ANY, ANY_LABEL, RULE_LABELS
from daicho.measures.model import NOT_OFFERED, Dimension, Vocabulary

_KINDS = {
    "resident": ("基本情報", "Residents"),
    "vaccination": ("予防接種履歴", "Vaccinations"),
    "welfare": ("生活保護・障害者手帳", "Welfare and disability handbooks"),
    "covid_record": ("新型コロナ接種記録", "COVID-19 records"),
    "vrs_wide": ("VRS台帳向け出力", "VRS export"),
    "number_change": ("宛名番号変更", "Number changes"),
    "shared_copy": ("副本", "Shared copy"),
    "notice_history": ("予診票・勧奨通知の送付", "Notices sent"),
    "institution": ("医療機関", "Institutions"),
    "payment_decision": ("委託料の支払判定", "Payment decisions"),
    "invoice": ("委託料の請求書", "Invoices"),
    "payment_close": ("支払月の締め", "Closed months"),
}
_OUTCOMES = {
    "accepted": ("受入", "Accepted"),
    "quarantined": ("隔離", "Quarantined"),
    "replaced": ("置換", "Replaced"),
    "duplicate": ("重複", "Duplicate"),
    "warning": ("注意", "Warning"),
}
_VALIDITIES = {
    "valid": ("有効", "Valid"),
    "outside_window": ("有効（対象期間外）", "Valid, outside the legal window"),
    "too_young": ("年齢不足", "Too young"),
    "interval_too_short": ("接種間隔が不足", "Interval too short"),
    "live_interval": ("生ワクチンの間隔が不足", "Too soon after another live vaccine"),
    "duplicate": ("重複", "Duplicate"),
    "timing_unknown": ("時期不明", "Timing unknown"),
}
# What intake did with a row, and what the appraisal found of a dose: each measure uses its part.
ROW_OUTCOMES, DOSE_OUTCOMES = tuple(_OUTCOMES), tuple(_VALIDITIES)
_SCHEMES = {
    "own_ward": ("区内", "Own ward"),
    "mutual_use": ("相互乗入", "Mutual use between wards"),
    "national": ("国の集合契約", "National contract"),
    "subsidised_cap": ("助成上限", "Subsidy up to a limit"),
    "reimbursement": ("償還払い", "Reimbursement"),
}
_PAYEES = {"kokuho": ("国保連合会", "National Health Insurance federation"), "persons": ("償還の申請者", "Applicants for reimbursement")}
_DECISIONS = {
    "pay": ("支払", "Pay"),
    "hold": ("保留", "Hold"),
    "reject": ("却下", "Reject"),
    "reverse": ("取消", "Reverse"),
    "unclaimed": ("未請求", "Not claimed"),
}
_DIFFERENCES = {
    "billed": ("請求と支払", "Billed and payable"),
    "price": ("単価", "Price"),
    "copay": ("自己負担", "Self-payment"),
    "rounding": ("端数処理", "Rounding"),
    "hold": ("保留", "Held"),
    "reject": ("却下", "Rejected"),
    "not_in_ledger": ("台帳なし", "Not in the ledger"),
    "not_billed": ("請求なし", "Not billed"),
}
_CLAIM_STATUSES = {"within": ("範囲内", "Within bounds"), "blocked": ("止める（要確認）", "Blocked")}
_ADJUSTMENTS = {
    "withdrawn": ("取消・却下", "Withdrawn or rejected since"),
    "released": ("保留の解消", "Held, and payable since"),
    "amount": ("金額の訂正", "Another amount"),
    "arrived": ("締め後の到着", "Arrived after the month was closed"),
}
_POSTINGS = {"posted": ("計上済み", "Posted"), "pending": ("未計上", "Not posted yet")}
_BUDGETS = {
    "current": ("現年度", "Of the year"),
    "closing": ("現年度（出納整理期間）", "Of the year, paid in the closing period"),
    "past_year": ("過年度", "Of a past year, from the budget of the year of payment"),
}
_DIRECTIONS = {"pay": ("支払", "We pay"), "claim": ("請求", "We claim")}
# Lines of a settlement that no bill has.
_SETTLEMENT_LINES = {"adjustment": ("訂正", "Adjustment"), "rounding": ("端数処理", "Rounding")}
_MONTH_STATES = {"closed": ("締め済み", "Closed"), "open": ("未締め", "Open")}
_RECOVERIES = {
    "given": ("当日に接種", "Given that day"),
    "recovered": ("後に接種", "Given later"),
    "recoverable": ("未接種（対象期間内）", "Still open"),
    "lost": ("未接種（対象期間終了）", "No longer open"),
}
_CLOSINGS = {
    "within_30_days": ("30日以内", "Within 30 days"),
    "within_90_days": ("31〜90日", "31-90 days"),
    "within_180_days": ("91〜180日", "91-180 days"),
    "over_180_days": ("181日以上・終期なし", "181 days or more, or no end"),
}
_REASONS = {
    "NONE": ("規則どおり", "By the rules"),
    "NOT_CLAIMED": ("支払月なし（未請求）", "No month of payment: not claimed"),
    "DUPLICATE": ("重複（別経路で受入済み）", "The same event through another channel"),
    "CROSS_CHANNEL": ("償還と請求の重複", "Claimed by a clinic and for reimbursement"),
    "NO_DATE": ("接種日・予診日なし", "No date"),
    "FUTURE_DATE": ("基準日より後の日付", "Dated after the as-of day"),
    "UNKNOWN_DOSE": ("接種期・回数が不明", "Unknown dose"),
    "UNKNOWN_WARD": ("区名コードが不明", "Unknown ward"),
    "UNKNOWN_INSTITUTION": ("医療機関コードが不明・期間外", "Unknown institution, or not in operation that day"),
    "WRONG_WARD": ("接種日に住民でない", "Not resident on the day"),
    "SAME_DAY": ("同日に接種あり（予診は算定なし）", "Screening on the day of the dose"),
    "COMPONENT": ("混合ワクチンの成分としての再掲", "Component of a combined vaccine given that day"),
    "SECOND_DOSE": ("同じ接種期・回数の２度目", "Second dose of the same stage"),
    "AGE_UNKNOWN": ("年齢・週数を確認できない", "Age or week of gestation cannot be established"),
    "NO_PRICE": ("単価・自己負担の定めが一つに決まらない", "Not exactly one price or self-payment rule"),
    "OUT_OF_AGE": ("対象期間外", "Outside the legal window"),
    "SHORT_INTERVAL": ("接種間隔が不足", "Interval too short"),
    "NO_RECEIPT": ("領収額・申請日が不明", "Amount charged or day of application unknown"),
    "NO_REQUEST": ("依頼書がない・接種後の発行", "No request issued before the dose"),
    "APPLIED_LATE": ("償還の申請期限切れ", "Applied for too late"),
    "PRICE_DIFFERENCE": ("請求額が単価と異なる", "Charged another price than the list's"),
    "COPAY_CONTRADICTION": ("徴収とあるが免除対象", "Self-payment taken from an exempt person"),
    "CONFIRMED": ("担当者が確認", "Confirmed by an officer"),
    "RETURNED": ("返戻", "Returned to the claimant"),
    "WITHDRAWN": ("過誤（取下げ）", "Withdrawn by the claimant"),
    "OFFICER": ("担当者の判断", "Officer's decision"),
    "DECISION_CONTRADICTION": ("担当者の判断が矛盾", "Officers' decisions contradict each other, or pay twice"),
}

# Whether coverage counts a dose, and why not.
_COVERAGE_STATES = {
    "counted": ("接種率に数える", "Counted for coverage"),
    "not_resident": ("接種日に住民でない", "Not resident on the day"),
    "unknown_dose": ("接種期・回数が不明", "Unknown stage or number"),
    "timing_unknown": ("時期不明", "Timing unknown"),
}
COVERAGE_STATES = tuple(_COVERAGE_STATES)

# Why a record of the ledger is in no row of the form, in the order in which the reasons are judged.
_FORM_REASONS = {
    "screened_only": ("予診のみ（接種していない）", "Screened only: no dose"),
    "duplicate": ("重複（別経路・再掲）", "The same dose once more"),
    "other_source": ("記録元の定めにより数えない", "Not counted by the rule on sources"),
    "no_year": ("接種日も支払月もない（年度を決められない）", "Neither date nor month of payment: of no year"),
    "missing_date": ("接種日なし", "No date of the dose"),
    "before_birth": ("出生日より前の接種日", "Dated before birth"),
    "not_resident": ("接種日に住民でない", "Not resident on the day"),
    "after_receipt": ("受入日より後の接種日", "Dated after the extract was received"),
    "unknown_vaccine": ("ワクチンの種別が不明", "Unknown vaccine"),
    "unknown_dose": ("接種期・回数が不明", "Unknown stage or number"),
    "voluntary": ("定期・臨時でない接種（任意）", "Neither routine nor special: voluntary"),
    "no_row": ("その年度の様式に行がない", "No row on the form of the year"),
    "age_unknown": ("生年月日が不明で対象か判定できない", "Birth date unknown: eligibility cannot be told"),
    "outside_eligibility": ("対象期間外（年齢・性別・期間・要件）", "Outside eligibility (age, sex, period, condition)"),
}
FORM_REASONS = tuple(_FORM_REASONS)
PAYMENT_REASONS = tuple(_REASONS)

_DIMENSIONS = (
    Dimension("district", "地区", "District", "区内の地区（住所の町・丁目による）", codelist="district"),
    Dimension(
        "birth_fy", "生まれ年度", "Birth cohort", "4月2日から翌年4月1日までに生まれた者（出生日の前日が属する年度）",
        kind="fiscal_year", template=("{}年度生まれ", "born in FY{}"),
    ),
    Dimension("age_years", "年齢", "Age", "満年齢（誕生日の前日に達する）", kind="integer", template=("{}歳", "{}")),
    Dimension("age_band", "年齢階級", "Age band", "満年齢の階級", codelist="age_band"),
    Dimension("sex", "性別", "Sex", "性別（登録なしを含む）", codelist="sex"),
    Dimension("resident_class", "住民区分", "Resident class", "日本人・外国籍の別", codelist="resident_class"),
    Dimension("vaccine", "ワクチン", "Vaccine", "予防接種の種別", codelist="vaccine"),
    Dimension("dose", "接種期・回数", "Dose", "ワクチンごとの接種期と回数", codelist="dose_stage"),
    Dimension("disease", "疾病", "Disease", "予防接種法の疾病", codelist="disease"),
    Dimension("program_class", "定期・臨時の別", "Program class", "接種日における定期A・定期B・臨時・任意の別", codelist="program_class"),
    Dimension("age_category", "対象年齢区分", "Age category", "様式の対象年齢区分（年度の様式による）", codelist="age_category"),
    Dimension("row", "様式の行", "Row of the form", "地域保健・健康増進事業報告の行（ワクチン×接種期・回数）", codelist="form_line"),
    Dimension("column", "様式の欄", "Column of the form", "地域保健・健康増進事業報告の欄（対象年齢区分）", codelist="age_category"),
    Dimension("dose_number", "接種回", "Dose number", "新型コロナワクチンの接種回", kind="integer", template=("{}回目", "Dose {}")),
    Dimension("maker", "メーカー", "Maker", "ワクチンの製造販売業者", codelist="covid_maker"),
    Dimension("product", "製品", "Product", "ワクチンの製品", codelist="covid_product"),
    Dimension("municipality", "接種した自治体", "Municipality of the dose", "接種した自治体の区分", labels=PLACE_LABELS),
    Dimension("source", "記録のある所", "On record in", "台帳・VRSのどちらに記録があるか", labels=SOURCE_LABELS),
    Dimension("certificate_channel", "交付方法", "Channel", "接種証明書の交付方法", codelist="certificate_channel"),
    Dimension("fiscal_year", "年度", "Fiscal year", "会計年度（4月1日から翌年3月31日）", kind="fiscal_year"),
    Dimension("month", "月", "Month", "年月（YYYYMM）", kind="month"),
    Dimension("ward", "区市", "Ward", "接種した場所の区市", codelist="ward"),
    Dimension("institution", "医療機関", "Institution", "医療機関コード（10桁）", codelist="institution", pattern=r"[0-9A-Za-z]{1,20}"),
    Dimension("association", "医師会", "Medical association", "医療機関が属する医師会のコード", pattern=r"[0-9A-Za-z_-]{1,20}"),
    Dimension("scheme", "契約区分", "Contract", "区内・相互乗入・国の集合契約・助成上限・償還の別", labels=MappingProxyType(_SCHEMES)),
    Dimension(
        "payee", "支払先", "Payee", "医師会のコード、区市、国保連合会、償還の申請者", codelist="ward", labels=MappingProxyType(_PAYEES),
        pattern=r"[0-9A-Za-z_-]{1,20}",
    ),
    Dimension("channel", "経路", "Channel", "請求が届いた経路", codelist="channel"),
    Dimension(
        "delay_months", "請求の遅れ", "Delay", "接種（予診）の月から支払月までの月数", kind="integer", template=("{}か月", "{} months"),
    ),
    Dimension("copay_class", "自己負担区分", "Self-payment class", "自己負担の徴収・免除・無料の別", codelist="copay_class"),
    Dimension("decision", "判定", "Decision", "支払の判定", labels=MappingProxyType(_DECISIONS)),
    Dimension("reason", "理由", "Reason", "支払の判定の理由・様式に計上しない理由", labels=MappingProxyType({**_REASONS, **_FORM_REASONS})),
    Dimension(
        "coverage_state", "接種率の扱い", "Coverage", "接種率に数えるか", labels=MappingProxyType(_COVERAGE_STATES),
    ),
    Dimension("line_kind", "請求区分", "Kind of line", "接種・予診のみ・事務費の別", codelist="invoice_line_kind",
              labels=MappingProxyType(_SETTLEMENT_LINES)),
    Dimension("half_year", "半期", "Half-year", "精算する半期（2025H1 は令和7年度上半期）", pattern=r"[12][0-9]{3}H[12]"),
    Dimension("direction", "支払・請求の別", "Direction", "相手に支払うもの・相手に請求するものの別", labels=MappingProxyType(_DIRECTIONS)),
    Dimension("unit_yen", "単価", "Unit price", "1件の額（税込み）", kind="integer", template=("{:,}円", "{:,} yen")),
    Dimension("month_state", "締めの状態", "State of the month", "支払月が締め済みか", labels=MappingProxyType(_MONTH_STATES)),
    Dimension("difference", "差異の種類", "Kind of difference", "請求と台帳の差の原因", labels=MappingProxyType(_DIFFERENCES)),
    Dimension("claim_status", "請求の扱い", "Status of the bill", "請求が範囲内か", labels=MappingProxyType(_CLAIM_STATUSES)),
    Dimension("reference_month", "訂正する支払月", "Month corrected", "訂正する締め済みの支払月（YYYYMM）", kind="month"),
    Dimension("posting", "計上の有無", "Posting", "訂正が締めに計上されたか", labels=MappingProxyType(_POSTINGS)),
    Dimension("adjustment", "訂正の種類", "Kind of adjustment", "締めた月を訂正する理由", labels=MappingProxyType(_ADJUSTMENTS)),
    Dimension("budget", "予算区分", "Budget", "現年度・出納整理期間・過年度の別", labels=MappingProxyType(_BUDGETS)),
    Dimension("age_months", "月齢", "Age in months", "満月齢（前日に達する）", kind="integer", template=("生後{}月", "{} months")),
    Dimension("recovery", "その後", "Recovery", "接種の機会を逸した後の経過", labels=MappingProxyType(_RECOVERIES)),
    Dimension("closing", "対象期間の残り", "Window closes", "対象期間の最終日までの日数（基準日を含む）", labels=MappingProxyType(_CLOSINGS)),
    Dimension("notice_kind", "通知の種別", "Kind of notice", "予診票・勧奨・再発行の別", codelist="notice_kind"),
    Dimension("kind", "抽出種別", "Kind of extract", "抽出ファイルの種別", labels=MappingProxyType(_KINDS)),
    Dimension("batch", "受入番号", "Batch", "受入の通し番号", kind="integer"),
    Dimension(
        "rule", "規則", "Rule", "受入時の検査規則・台帳の誤りの種類", pattern=r"[0-9A-Za-z_]{1,60}",
        labels=MappingProxyType({**RULE_LABELS, ANY: ANY_LABEL}),
    ),
    Dimension("received_month", "受入月", "Month received", "記録を含む抽出の受入月（YYYYMM）", kind="month"),
    Dimension(
        "outcome", "結果", "Outcome", "行の扱い・接種の有効性・照合の結果", labels=MappingProxyType({**_OUTCOMES, **_VALIDITIES, **OUTCOME_LABELS}),
    ),
)  # fmt: skip


def dimensions() -> Mapping[str, Dimension]:
    """The whole vocabulary of dimensions, by name."""
    return {item.name: item for item in _DIMENSIONS}


def dimension(name: str) -> Dimension:
    """One dimension. Raises UsageError for a name that is none."""
    for item in _DIMENSIONS:
        if item.name == name:
            return item
    raise UsageError(NOT_OFFERED)


def dimension_of(measure: Vocabulary, name: str) -> Dimension:
    """A dimension as one measure offers it: `month` is 接種月 of a dose and 支払月 of a payment. Raises UsageError."""
    if name not in measure.cuts:
        raise UsageError(NOT_OFFERED)
    general, cut = dimension(name), measure.cuts[name]
    labels = {code: texts for code, texts in general.labels.items() if not cut.codes or code in cut.codes}
    return replace(general, label=cut.label or general.label, label_en=cut.label_en or general.label_en, labels=MappingProxyType(labels))
