"""What each check of the compliance page is called, the evidence it gives, where that lies, and which tests prove the check itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class CheckWords:
    """`seen` is filled with what the check counted; `absent` says why it does not apply; `place` is where the evidence lies, in the state folder
    unless it says otherwise; `tests` are folders and files of the test suite."""

    name: tuple[str, str]
    seen: tuple[str, str]
    place: str
    tests: str
    absent: tuple[str, str] = ("", "")


_NO_VAULT = ("保管庫にまだ何もない", "the vault is still empty")
_NO_GRANTS = ("役割はまだ付与されていない", "no role has been granted yet")

CHECK_WORDS: Mapping[str, CheckWords] = MappingProxyType(
    {
        "encrypted": CheckWords(
            ("保管庫の全ファイルが暗号化されている", "Every file of the vault is encrypted"),
            (
                "{files}ファイルを鍵なしで開こうとして調べた。平文{plain}、欠落{missing}",
                "{files} files were tried without the key; {plain} plain, {missing} missing",
            ),
            "vault/",
            "tests/vault",
            _NO_VAULT,
        ),
        "pseudonymised": CheckWords(
            ("保管庫に直接識別子の列がない", "No column of the vault is a direct identifier"),
            (
                "{files}ファイル、{columns}列をデータ契約の分類と照合した。契約にない列{strange}",
                "{files} files, {columns} columns held against the contracts; {strange} outside them",
            ),
            "vault/, data_contracts/extracts/",
            "tests/intake, tests/vault, tests/attacks/test_canaries.py",
            _NO_VAULT,
        ),
        "keys_private": CheckWords(
            ("鍵は所有者だけが読め、保管庫の外にある", "Keys are readable by their owner alone and lie outside the vault"),
            (
                "鍵番号：仮名化{pseudonym_key}（{pseudonym_days}日前）、保管庫{vault_key}（{vault_days}日前）、"
                "照合{scanner_key}（{scanner_days}日前）。控え：{backup}",
                "key ids: pseudonyms {pseudonym_key} ({pseudonym_days} days old), vault {vault_key} ({vault_days}), "
                "scanner {scanner_key} ({scanner_days}); backup: {backup}",
            ),
            "daicho key status",
            "tests/vault/test_keys.py, tests/vault/test_rotate.py",
            _NO_VAULT,
        ),
        "scanner_index": CheckWords(
            ("完成した文書を識別子の索引で検査する", "Finished documents are scanned against an index of identifiers"),
            (
                "{batches}回の受領のうち個人を含む{indexed}回に索引がある。欠落{lacking}",
                "{indexed} of {batches} deliveries have persons and an index; {lacking} lack one",
            ),
            "vault/segments/",
            "tests/runs/test_scanner.py",
            _NO_VAULT,
        ),
        "batches_registered": CheckWords(
            ("受領したファイルはハッシュ値で登録されている", "Every file received is registered by its hash"),
            (
                "{batches}回の受領を確認した。記録の不備{lacking}。最終受領：{last}",
                "{batches} deliveries; {lacking} not fully recorded; last on {last}",
            ),
            "vault/catalog.json",
            "tests/intake",
            _NO_VAULT,
        ),
        "entry_checked": CheckWords(
            ("すべての行が受入または隔離のどちらかである", "Every row was taken in or quarantined"),
            (
                "{batches}回の受領を確認した。隔離のあった受領{quarantining}、隔離行一覧{lists}、不整合{wrong}",
                "{batches} deliveries; {quarantining} with quarantined rows, {lists} lists of lines, {wrong} that do not add up",
            ),
            "quarantine/, vault/catalog.json",
            "tests/intake",
            _NO_VAULT,
        ),
        "access_log": CheckWords(
            ("アクセスログの連鎖が切れていない", "The chain of the access log is whole"),
            ("{since}からの{lines}行を検証した。切れ目{broken}", "{lines} lines since {since} verified; {broken} breaks"),
            "log/access.jsonl",
            "tests/gate/test_chain.py, tests/attacks/test_record.py",
        ),
        "release_ledger": CheckWords(
            ("提供台帳と保存した提供物が一致する", "The release ledger agrees with what was released"),
            ("{releases}件の提供を検証した。不一致{broken}", "{releases} releases verified; {broken} do not agree"),
            "releases/ledger.jsonl",
            "tests/gate/test_chain.py, tests/gate/test_release.py",
        ),
        "public_proof": CheckWords(
            ("公表用の提供を合わせても秘匿値を推定できない", "Public releases together do not tell what one withholds"),
            (
                "公表用{releases}件のうち{proven}件を同時に検証し直した。破れ{broken}",
                "{proven} of {releases} public releases proven together anew; {broken} broken",
            ),
            "daicho audit",
            "tests/gate/test_standing.py, tests/gate/protection",
            ("公表用の提供はまだない", "nothing has been released for the public yet"),
        ),
        "purposes": CheckWords(
            ("すべての利用に目的が記録されている", "Every use has a purpose"),
            ("{uses}件の利用を確認した。目的のない利用{lacking}", "{uses} uses; {lacking} without a purpose"),
            "log/access.jsonl",
            "tests/gate/test_server.py",
        ),
        "log_kept": CheckWords(
            ("アクセスログを7年以上保存する", "The access log is kept for seven years or more"),
            ("設定は{years}年。{since}から保存している", "set to {years} years; kept since {since}"),
            "daicho.toml [retention]",
            "tests/vault/test_retention.py",
        ),
        "yearly_check": CheckWords(
            ("点検を1年以内ごとに行っている", "The examination is made every year"),
            ("前回の点検：{last}。記録の始まり：{since}", "last examined: {last}; recorded since {since}"),
            "log/access.jsonl",
            "tests/gate/test_compliance.py",
        ),
        "roles_bounded": CheckWords(
            ("役割の期限は1年以内である", "Every role ends within a year"),
            ("{grants}件の付与を確認した。1年を超える付与{long}、期限切れ{expired}", "{grants} grants; {long} longer than a year, {expired} ended"),
            "daicho.toml [[roles]]",
            "tests/gate/test_roles.py",
            _NO_GRANTS,
        ),
        "roles_expire": CheckWords(
            ("期限の切れた役割では利用できない", "A role that has ended gives nothing"),
            (
                "{grants}件について期限の翌日を試した。通ったもの{outlasting}。期限後の利用{late}",
                "{grants} tried on the day after their end; {outlasting} still work; {late} uses after the end",
            ),
            "log/access.jsonl",
            "tests/gate/test_roles.py, tests/cli/test_roles.py",
            _NO_GRANTS,
        ),
        "retention_current": CheckWords(
            ("保存期間を過ぎたものが残っていない", "Nothing is kept beyond its period"),
            ("接種記録の保存期間は{years}年。期間を過ぎた表{overdue}", "doses are kept {years} years; {overdue} tables hold something past its period"),
            "daicho retention",
            "tests/vault/test_retention.py, tests/vault/test_erasure.py",
        ),
        "certificates": CheckWords(
            ("消去のすべてに証明書がある", "Every erasure has its certificate"),
            (
                "{erasures}件の消去を確認した。証明書の欠落・相違{wrong}、未完了{begun}",
                "{erasures} erasures; {wrong} certificates missing or changed, {begun} not finished",
            ),
            "certificates/",
            "tests/vault/test_erasure.py",
            ("消去はまだ行っていない", "nothing has been erased yet"),
        ),
        "copy_checked": CheckWords(
            ("最後の副本を受領した後に照合した", "The copy was checked since it was last delivered"),
            ("最終受領：{delivered}。最終照合：{last}", "delivered on {delivered}; last checked on {last}"),
            "releases/ledger.jsonl",
            "tests/measures/test_shared_copy.py",
            ("副本を取り込んでいない", "no copy was taken in"),
        ),
        "kernels_sealed": CheckWords(
            ("封止しないカーネルを認めず、許可のない接続を断る", "No kernel runs unsealed; connections without a token are refused"),
            ("カーネルの起動{launched}、断った接続{refused}", "{launched} kernels launched, {refused} connections refused"),
            "daicho.toml [seal], log/access.jsonl",
            "tests/kernels, tests/gate/test_server.py",
        ),
        "seal": CheckWords(
            ("この文書を作ったカーネルの封止", "The seal of the kernel that made this document"),
            ("封止の自己試験{tried}項目のうち通り抜け{passed_through}", "{tried} attempts to get through the seal; {passed_through} succeeded"),
            "manifest.json: seal_test",
            "tests/seal",
            ("カーネルの外で作成した", "made outside a kernel"),
        ),
        "contracts_lock": CheckWords(
            ("データ契約の分類が弱められていない", "No class of a contract was weakened"),
            ("{contracts}種類の抽出を確認した。合意との相違{findings}", "{contracts} kinds of extract; {findings} differ from what was agreed"),
            "data_contracts/contracts.lock",
            "tests/contracts/test_lock.py",
        ),
        "items_explained": CheckWords(
            ("取り込む項目のすべてに理由がある", "Every item has a reason"),
            ("{items}項目を確認した。うち取り込まない項目{dropped}、理由のない項目{lacking}", 
                "{items} items, {dropped} of them dropped; {lacking} without a reason"),
            "data_contracts/extracts/",
            "tests/contracts",
        ),
        "outputs_anonymous": CheckWords(
            ("提供する表に個人を識別する列がない", "No released table has a column that identifies"),
            ("{tables}種類の表、{columns}列を確認した。識別する列{wrong}", "{tables} tables, {columns} columns; {wrong} that identify"),
            "data_contracts/outputs/",
            "tests/contracts, tests/gate/test_release.py",
        ),
        "small_counts_withheld": CheckWords(
            ("庁内用・公表用では10人未満を秘匿する", "Counts under ten are withheld within the office and for the public"),
            ("{profiles}種類の開示プロファイルを確認した。弱いもの{weak}", "{profiles} profiles; {weak} too weak"),
            "data_contracts/disclosure.yaml",
            "tests/gate/test_profiles.py, tests/gate/test_suppression.py",
        ),
        "covid_nobody": CheckWords(
            ("新型コロナの提供はすべて少人数を秘匿した", "Every release on COVID-19 withheld small counts"),
            ("{releases}件の提供を確認した。秘匿しない提供{exact}", "{releases} releases; {exact} without withholding"),
            "releases/ledger.jsonl",
            "tests/runs/test_covid_canaries.py",
            ("新型コロナの提供はまだない", "nothing on COVID-19 has been released yet"),
        ),
        "individual_numbers": CheckWords(
            ("個人番号を含むファイルは受け取らない", "A file with individual numbers is refused"),
            ("架空の番号{tried}件の列を、取込みの検査に掛けて確かめた", "tried with a column of {tried} invented numbers"),
            "—",
            "tests/intake/test_faults.py, tests/core/test_check_digits.py",
        ),
        "submissions": CheckWords(
            ("提出した報告が提出時のまま保存されている", "Returns are kept as they were submitted"),
            ("提出物を検証した。相違{changed}", "submissions verified; {changed} differ"),
            "submissions/",
            "tests/cli/test_submit.py",
            ("提出物はまだない", "nothing was submitted yet"),
        ),
        "media_erased": CheckWords(
            ("媒体そのものの消去", "Erasure of the media themselves"),
            ("", ""),
            "—",
            "—",
            ("ワークスペースの外。庁内の媒体管理簿で確認する", "outside this workspace: see the office's register of media"),
        ),
        "scale": CheckWords(
            ("規模に応じた性能", "Work at this scale"),
            ("", ""),
            "benchmarks/",
            "benchmarks",
            ("稼働中には検査しない。試験と性能測定で確認する", "not checked while running: proven by tests and benchmarks"),
        ),
    }
    | {
        f"use_{use}": CheckWords(
            (name, name_en),
            (
                "必要な{measures}種類の集計を確認した。不足{lacking}。提供{releases}件、最終：{last}",
                "{measures} measures needed, {lacking} missing; {releases} releases, last on {last}",
            ),
            "daicho measures, releases/ledger.jsonl",
            tests,
        )
        for use, name, name_en, tests in (
            ("annual_return", "実施報告の集計がある", "The yearly return can be made", "tests/measures/test_form.py, tests/measures/test_annual_counts.py"),
            ("coverage", "接種率・未接種・勧奨後の接種の集計がある", "Coverage, open doses and uptake can be counted", "tests/coverage"),
            ("payments", "支払・保留・調整の集計がある", "Payments, holds and adjustments can be counted", "tests/measures/test_payment_totals.py"),
            ("errors", "接種の誤りと取込品質の集計がある", "Invalid doses and intake quality can be counted", "tests/measures/test_dose_validity.py"),
            ("other_wards", "請求の相違と突合の集計がある", "Differing claims and reconciliation can be counted", "tests/measures/test_claim_differences.py"),
        )
    }
)  # fmt: skip
