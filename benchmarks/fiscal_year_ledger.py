"""A mart with one full fiscal year, drawn at random in SQL into the tables that a small intake made: another column or type stops it.

Of sixteen persons one is an infant with the course of the first year of life, ten are seniors with the vaccines of autumn, the others have
no dose. A few per cent of the records are screenings, twins, reimbursements, too early, without a date, or of somebody not resident. The doses of infants
were copied to the other municipalities, a few with another day or name or not at all. COVID-19 records are those of two persons in three.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from daicho.core.config import Config
from daicho.vault.catalog import VaultPaths, open_catalog
from daicho.vault.engine import attach, engine

FISCAL_YEAR = 2025
COVID_YEAR = 2021
_INFANT = (
    ("DPT-IPV-HIB", "DPT-IPV-HIB-11", 1, 65), ("DPT-IPV-HIB", "DPT-IPV-HIB-12", 2, 95), ("DPT-IPV-HIB", "DPT-IPV-HIB-13", 3, 125), ("PCV", "PCV-1", 1, 66),
    ("PCV", "PCV-2", 2, 96), ("PCV", "PCV-3", 3, 126), ("PCV", "PCV-A", 1, 375), ("HB", "HB-1", 1, 66), ("HB", "HB-2", 2, 96), ("HB", "HB-3", 3, 230),
    ("RV1", "RV1-1", 1, 67), ("RV1", "RV1-2", 2, 97), ("BCG", "BCG-1", 1, 170), ("MR", "MR-1", 1, 374), ("VAR", "VAR-1", 1, 376),
)  # fmt: skip
_SENIOR = (("FLU-E", "FLU-E-1", 1, 10), ("COVID", "COVID-1", 1, 24), ("PNEUMO-E", "PNEUMO-E-1", 1, 38))
_NAMES = {"DPT-IPV-HIB": "ゴービック水性懸濁注シリンジ", "PCV": "プレベナー20", "HB": "ビームゲン", "RV1": "ロタリックス内用液",
          "BCG": "乾燥BCGワクチン(経皮用)",
          "MR": "ミールビック", "VAR": "乾燥弱毒生水痘ワクチン「ビケン」", "FLU-E": "インフルエンザHAワクチン", "COVID": "コミナティ筋注",
          "PNEUMO-E": "ニューモバックスNP"}  # fmt: skip
_DISTRICTS = "['shiba', 'azabu', 'akasaka', 'takanawa', 'shibaura_konan']"
_TABLES = ("person", "person_row", "residence", "event", "covid", "certificate", "shared_copy", "welfare", "notice")


def _chance(parts: int, salt: str, *columns: str) -> str:
    """SQL: a whole number below `parts`, the same for the same values of the columns."""
    return f"CAST(hash({', '.join(columns)}, '{salt}') % {parts} AS INTEGER)"


def draw_fiscal_year(config: Config, *, persons: int) -> None:
    """Replace the people and doses in the mart of the newest snapshot; batches, institutions and money stay those of the small intake."""
    paths = VaultPaths(config.vault_dir)
    keys, catalog = open_catalog(paths, config.key_dir)
    if catalog.latest is None:
        raise SystemExit("take a small delivery in first.")
    mart = paths.marts / catalog.latest.mart
    aside: Path = paths.temp / "drawn.duckdb"
    shutil.copy(mart, aside)
    with engine(temp_dir=paths.temp) as connection:
        attach(connection, aside, name="mart", key=keys.vault, read_only=False)
        for statement in (*(f"DELETE FROM mart.{table}" for table in _TABLES), *_statements(persons)):
            connection.execute(statement)
        connection.execute("DETACH mart")
    aside.rename(mart)


def _courses() -> str:
    rows = [
        (vaccine, dose, number, day, kind)
        for kind, course in (("infant", _INFANT), ("senior", _SENIOR))
        for vaccine, dose, number, day in course
    ]
    return ", ".join(
        f"('{vaccine}', '{dose}', {number}, {day}, '{kind}', '{_NAMES[vaccine]}')" for vaccine, dose, number, day, kind in rows
    )


def _statements(persons: int) -> tuple[str, ...]:
    return (
        f"""INSERT INTO mart.person BY NAME
        SELECT n::INTEGER AS person, CASE WHEN n % 500 <> 0 THEN birth END AS birth_date,
               CASE WHEN n % 500 <> 0 THEN 'day' ELSE 'unknown' END AS birth_precision,
               CASE WHEN n % 500 <> 0 THEN year(birth - 1) - CAST(month(birth - 1) < 4 AS INTEGER) END::SMALLINT AS birth_fy,
               CAST(1 + {_chance(2, "sex", "n")} AS VARCHAR) AS sex, true AS is_registered
        FROM (SELECT n, CASE WHEN n % 16 = 0 THEN DATE '{FISCAL_YEAR}-02-01' + {_chance(35, "birth", "n")}
                             WHEN n % 16 < 11 THEN DATE '1930-01-01' + {_chance(11_400, "birth", "n")}
                             ELSE DATE '1960-01-01' + {_chance(20_000, "birth", "n")} END AS birth FROM range(1, {persons + 1}) AS t(n))""",
        "INSERT INTO mart.person_row BY NAME SELECT person, 7 AS batch, person + 1 AS line FROM mart.person",
        f"""INSERT INTO mart.residence BY NAME
        SELECT person, CASE WHEN person % 16 = 0 THEN DATE '{FISCAL_YEAR}-02-01' WHEN person % 20 = 7 THEN DATE '{FISCAL_YEAR}-07-01' ELSE DATE '1990-04-01' END
                 + {_chance(60, "from", "person")} AS resident_from,
               CASE WHEN person % 20 = 3 THEN DATE '{FISCAL_YEAR}-12-01' + {_chance(90, "until", "person")} END AS resident_until,
               CASE WHEN person % 1000 = 1 THEN 'unknown' ELSE {_DISTRICTS}[1 + {_chance(5, "district", "person")}] END AS district,
               CASE WHEN person % 14 = 1 THEN 'foreign' ELSE 'japanese' END AS resident_class,
               CASE WHEN person % 16 = 0 THEN 'birth' ELSE 'moved_in' END AS from_reason,
               CASE WHEN person % 20 = 3 THEN ['moved_out', 'death'][1 + person % 2] ELSE 'unknown' END AS until_reason
        FROM mart.person ORDER BY person""",
        """INSERT INTO mart.welfare BY NAME
        SELECT person, 'welfare' AS welfare_class, CASE WHEN person % 4 = 0 THEN 'physical_1' ELSE 'none' END AS handbook_class,
               DATE '2015-04-01' AS valid_from FROM mart.person WHERE person % 50 = 4""",
        f"CREATE TEMP TABLE course AS SELECT * FROM (VALUES {_courses()}) AS t(vaccine, dose, number, day, kind, product)",
        f"""INSERT INTO mart.event BY NAME
        WITH due AS (
            SELECT p.person, c.* EXCLUDE (day), {_chance(1000, "flaw", "p.person", "c.dose")} AS flaw, {_chance(300, "place", "p.person", "c.dose")} AS place,
                   {_chance(3, "lot", "p.person", "c.dose")} AS lot_no, p.birth_date,
                   CASE WHEN c.kind = 'infant' THEN coalesce(p.birth_date, DATE '{FISCAL_YEAR}-02-10') + c.day + {_chance(9, "day", "p.person", "c.dose")}
                        ELSE DATE '{FISCAL_YEAR}-10-01' + c.day + {_chance(60, "day", "p.person", "c.dose")} END AS day
            FROM mart.person AS p JOIN course AS c ON c.kind = CASE WHEN p.person % 16 = 0 THEN 'infant' WHEN p.person % 16 < 11 THEN 'senior' END
            WHERE {_chance(100, "given", "p.person", "c.dose")} < CASE c.vaccine WHEN 'COVID' THEN 60 WHEN 'PNEUMO-E' THEN 25 ELSE 92 END
        ),
        claimed AS (SELECT d.*, n.twin FROM due AS d, (VALUES (1), (2)) AS n(twin) WHERE n.twin = 1 OR d.flaw < 10)
        SELECT c.person, c.vaccine, CASE WHEN c.flaw = 30 THEN 'unknown' ELSE c.dose END AS dose, c.number,
               CASE WHEN c.flaw NOT BETWEEN 11 AND 25 THEN c.day - CASE WHEN c.flaw = 31 THEN 60 ELSE 0 END END AS given_on, c.day AS screened_on,
               CASE WHEN c.flaw <> 11 THEN c.day END AS event_on, c.flaw BETWEEN 12 AND 25 AS is_screened_only,
               CAST(1310100000 + c.place AS VARCHAR) AS institution, true AS is_institution_valid,
               CASE WHEN c.place % 10 = 0 THEN CAST(131016 + c.place // 10 AS VARCHAR) ELSE '131032' END AS ward,
               c.product, 'L' || c.lot_no || c.place AS lot,
               CASE WHEN c.flaw <> 14 THEN year(c.day + 40) * 100 + month(c.day + 40) END::INTEGER AS paid_month, '1' AS location_flag,
               c.flaw = 32 AS is_transitional, CASE WHEN c.kind = 'senior' THEN 'paid' END AS copay_class, 9::INTEGER AS batch,
               (row_number() OVER (ORDER BY c.person, c.dose) + 1)::INTEGER AS line, c.twin = 1 OR c.flaw < 5 AS is_in_use, c.twin::SMALLINT AS duplicate_rank,
               CASE WHEN c.flaw = 11 THEN 'missing' WHEN c.day < c.birth_date THEN 'before_birth' ELSE 'ok' END AS date_status,
               r.person IS NOT NULL AS was_resident, r.district, r.resident_class, CASE WHEN c.flaw = 33 THEN 'reimbursement' END AS channel
        FROM claimed AS c LEFT JOIN mart.residence AS r ON r.person = c.person AND r.resident_from <= c.day
                                                      AND c.day < coalesce(r.resident_until, DATE '9999-12-31')
        ORDER BY c.person""",
        f"""INSERT INTO mart.shared_copy BY NAME
        SELECT person, vaccine, number, coalesce(given_on, event_on) + CASE WHEN {_chance(50, "copied", "person", "dose")} = 0 THEN 1 ELSE 0 END AS given_on,
               CASE WHEN {_chance(100, "name", "person", "dose")} = 0 THEN 'プレベナー13' ELSE left(product, 5) END AS vaccine_name, 8::INTEGER AS batch, line
        FROM mart.event WHERE person % 16 = 0 AND duplicate_rank = 1 AND NOT is_screened_only AND {_chance(40, "shared", "person", "dose")} > 0
        ORDER BY person, vaccine, number, given_on""",
        f"""INSERT INTO mart.covid BY NAME
        WITH told AS (
            SELECT p.person, n.number, {_chance(1000, "covid", "p.person", "n.number")} AS flaw,
                   DATE '{COVID_YEAR}-04-12' + {_chance(90, "covid day", "p.person")} + CASE n.number WHEN 1 THEN 0 WHEN 2 THEN 21 ELSE 230 END AS day
            FROM mart.person AS p, (VALUES (1), (2), (3)) AS n(number) WHERE p.person % 16 BETWEEN 1 AND 11 AND {_chance(100, "covid", "p.person")} < 92
        )
        SELECT CASE WHEN t.flaw > 4 THEN t.person END AS person, CASE WHEN t.flaw <= 4 THEN t.person END AS unlinked, t.number::SMALLINT AS number,
               CASE WHEN t.flaw <> 5 THEN t.day END AS given_on,
               CASE WHEN t.flaw = 6 THEN NULL WHEN t.flaw < 50 THEN '13' || lpad(CAST(100 + t.flaw AS VARCHAR), 3, '0') || '1' WHEN t.flaw < 70
                    THEN lpad(CAST(1 + t.flaw % 47 AS VARCHAR), 2, '0') || '1016' ELSE '131032' END AS municipality_code,
               CASE WHEN t.flaw < 700 THEN 'pfizer' WHEN t.flaw < 960 THEN 'moderna' WHEN t.flaw < 980 THEN 'novavax' END AS maker,
               CASE WHEN t.flaw < 10 THEN NULL WHEN t.flaw < 700 THEN 'comirnaty' WHEN t.flaw < 960 THEN 'spikevax'
                    WHEN t.flaw < 980 THEN 'nuvaxovid' END AS product,
               'F' || t.flaw AS lot, 1::INTEGER AS batch, t.person * 3 + t.number AS line, 11::INTEGER AS vrs_batch, t.person AS vrs_line,
               CASE WHEN t.flaw <= 4 THEN 'unlinked' WHEN t.flaw < 900 THEN 'agree'
                    ELSE ['only_ledger', 'only_vrs', 'differs_lot', 'differs_date'][1 + t.flaw % 4]
                    END AS outcome,
               t.flaw > 4 AND r.person IS NOT NULL AS was_resident, CASE WHEN t.flaw > 4 THEN r.district END AS district,
               CASE WHEN t.flaw > 4 THEN r.resident_class END AS resident_class
        FROM told AS t LEFT JOIN mart.residence AS r ON r.person = t.person AND r.resident_from <= t.day
                                                    AND t.day < coalesce(r.resident_until, DATE '9999-12-31')
        ORDER BY person NULLS LAST, unlinked, number""",
        f"""INSERT INTO mart.certificate BY NAME
        SELECT person, DATE '{COVID_YEAR}-08-01' + {_chance(200, "issued", "person")} AS issued_on, ['electronic', 'counter', NULL][1 + person % 3] AS channel
        FROM mart.person WHERE person % 16 IN (1, 3, 5, 7) ORDER BY person""",
    )
