"""Every rate the synthetic ledger is drawn from, with where it comes from. People are invented; the shape is that of a central ward.

"Published" figures are the calibration of the workspace's reference notes; what is marked "assumed" is a plausible guess, no measurement.
"""

from __future__ import annotations

# --- Population -------------------------------------------------------------------------------------------------------------
# Residents by five-year age band (thousands; the last band is 100 and over): a central ward of 270,000 with 47,000 aged 65 or more, published.
AGE_BANDS = (12.0, 13.5, 12.0, 9.0, 11.3, 19.0, 21.0, 21.5, 22.7, 23.2, 23.7, 19.7, 14.4, 10.6, 10.2, 9.6, 7.4, 5.2, 2.8, 0.9, 0.15)
BIRTHS_PER_RESIDENT = 2_600 / 270_000  # published: about 2,600 births a year
# Yearly chance of moving out by age: (from age, rate); about a tenth of the population a year, published; the age profile is assumed.
MOVE_OUT = (
    (0, 0.130), (1, 0.115), (5, 0.055), (10, 0.040), (15, 0.060), (20, 0.205), (25, 0.245), (30, 0.195), (35, 0.135), (40, 0.090),
    (50, 0.066), (60, 0.042), (70, 0.030),
)  # fmt: skip
# Yearly chance of dying by age: rounded from the national life table.
DEATH = ((0, 0.0015), (1, 0.0002), (20, 0.0005), (40, 0.0012), (50, 0.003), (60, 0.007), (70, 0.017), (80, 0.05), (90, 0.15), (100, 0.35))
REGISTER_YEARS = 8  # removed persons stay in the extract this long, assumed
YEARLY_GROWTH = 0.006  # published: 267,250 (2024-04) to 270,068 (2026-02)
MOVE_MONTH_WEIGHTS = (6, 7, 19, 12, 7, 7, 8, 7, 8, 7, 6, 6)  # January to December; the moving season is March and April, assumed
WOMEN = 0.529  # published: 142,927 of 270,067
UNREGISTERED_SEX = 0.00004  # published: totals exceed men and women by single persons
PARTIAL_BIRTH = 0.0006  # assumed
FOREIGN_LEAVERS_RATIO = 1.8  # foreign residents among those who moved out, against their share among residents, assumed
FOREIGN_BY_AGE = ((0, 0.8), (20, 1.5), (40, 1.1), (60, 0.5), (75, 0.2))  # relative to the district's share, assumed
NUMBER_CHANGES = 0.004  # persons whose 宛名番号 changed, assumed
NUMBER_CHAINS = 0.2  # of these, changed twice
RETURNERS = 0.35  # of these, moved out and came back under a new number

# --- Knowledge of earlier doses ------------------------------------------------------------------------------------------------
# Share of newcomers whose earlier doses were entered from the 母子健康手帳 when they moved in, by age then; assumed.
HISTORY_KNOWN = ((0, 0.88), (3, 0.80), (7, 0.50), (18, 0.04))

# --- Uptake of children's vaccines ------------------------------------------------------------------------------------------------
REFUSES_ALL = 0.006  # assumed
# Added to every uptake, district by district in the order of the code list: differences worth seeing on a map, assumed.
DISTRICT_UPTAKE = (0.004, -0.016, -0.006, 0.010, 0.003)
# Added to the uptake of children's vaccines by birth cohort (fiscal year): the pandemic and the MR shortage, assumed size.
COHORT_UPTAKE = {2018: -0.004, 2019: -0.010, 2020: -0.006}
MR1_COHORT = {2022: -0.030, 2023: -0.022}  # MR shortage of 2024-25: FY2024 national 92.7 %, background knowledge
MR2_COHORT = {2013: 0.004, 2016: -0.006, 2017: -0.012, 2018: -0.024}
UPTAKE_MR1 = 0.992  # with unknown histories this gives 95-98 % on record; national 96-98 %, published
UPTAKE_MR2 = 0.950  # with unknown histories about 91 % on record; Tokyo 90.8 %, published
UPTAKE_INFANT = 0.990  # BCG, 五種/四種 first dose, Hib, PCV, HB: assumed
UPTAKE_ROTA, ROTA_MONOVALENT = 0.955, 0.62
UPTAKE_VARICELLA = 0.965
UPTAKE_JE, UPTAKE_JE_2, UPTAKE_DT = 0.945, 0.80, 0.80
CATCHES_UP_MR = 0.25  # unvaccinated children of the shortage cohorts who use the extension
LATE_START = 0.006  # children who begin Hib and PCV after their first birthday, assumed
UPTAKE_JE_SPECIAL = 0.55  # of the cohorts whose programme was suspended, assumed
CONTINUES = 0.994  # chance of coming back for the next dose of a course, assumed
PACE_SPREAD = 0.30  # log spread of families' pace: the slow are slow with every vaccine, assumed
TOO_EARLY, TOO_LATE, SHORT_INTERVAL = 0.0006, 0.0015, 0.0010  # doses outside the legal rules, assumed

# --- HPV: start of the course by birth cohort (fiscal year), girls ----------------------------------------------------------------------
HPV_FIRST_WAVE = 0.68  # births 1994-1999, 2010 to June 2013; published range about 70 %
HPV_REGULAR = {
    2000: 0.01, 2001: 0.005, 2002: 0.005, 2003: 0.01, 2004: 0.06, 2005: 0.12, 2006: 0.22, 2007: 0.30, 2008: 0.38, 2009: 0.46, 2010: 0.52,
    2011: 0.55, 2012: 0.58, 2013: 0.58, 2014: 0.58,
}  # fmt: skip
HPV_CATCH_UP = 0.36  # of those not begun, FY2022 to FY2024, assumed
HPV_START_WEIGHTS = (0.14, 0.46, 0.16, 0.12, 0.12)  # fiscal year of age 12 … 16
HPV_CONTINUES = 0.955

# --- Adults and the elderly --------------------------------------------------------------------------------------------------------------
FLU_BASE = {
    2020: 0.64,
    2021: 0.55,
    2022: 0.57,
    2023: 0.54,
    2024: 0.52,
    2025: 0.51,
}  # FY2020 was free and feared; else about half, published
FLU_OTHER_YEARS = 0.49
COVID_ROUTINE = {2024: 0.24, 2025: 0.20}
COVID_ROUTINE_OTHER_YEARS = 0.18
PNEUMO_UPTAKE = 0.36
ZOSTER_UPTAKE, ZOSTER_LIVE, ZOSTER_SECOND = 0.21, 0.28, 0.93
RUBELLA_5 = 0.045  # men of 1962-1978: tested and found low, about a quarter of a fifth
RUBELLA_5_EXTENDED = 0.06  # of these, in the extension to March 2027, assumed
RSV_MATERNAL_A_YEAR = 0.35  # of births, from 2026-04, assumed
HABIT_SPREAD = 0.30  # how much the same elderly come every season

# --- COVID-19 special programme (2021-02 to 2024-03) ----------------------------------------------------------------------------------------
# Chance of dose k after dose k-1, under 60 and from 60; dose 1 as a share of the age group. Rounded from the national totals, assumed here.
COVID_UNDER_60 = (0.83, 0.99, 0.72, 0.40, 0.45, 0.35, 0.40)
COVID_FROM_60 = (0.92, 0.995, 0.94, 0.88, 0.82, 0.78, 0.75)
COVID_ONLY_LEDGER, COVID_ONLY_VRS, COVID_UNLINKED, COVID_INCOMPLETE = 0.015, 0.012, 0.004, 0.003  # assumed
# Of the doses in both sources, those whose day, lot, maker, municipality, or day and lot differ; assumed.
COVID_DIFFERS = (0.004, 0.0025, 0.0015, 0.0015, 0.0005)
CERTIFICATES = 0.14  # persons vaccinated with a vaccination certificate

# --- Claims ---------------------------------------------------------------------------------------------------------------------------------
OTHER_WARD_CHILD, OTHER_WARD_ADULT = 0.13, 0.08  # assumed
PAID_DELAY_MONTHS = (0.0, 0.925, 0.045, 0.015, 0.006, 0.004, 0.003, 0.002)  # months from the dose to its payment, own ward
LATE_HALF_YEAR = 0.03  # other-ward doses that miss their half-year file
SCREENED_ONLY = 0.007  # visits that end with the screening
SAME_CLAIM_TWICE, SECOND_CHANNEL = 0.0006, 0.0010  # assumed
WELFARE_SHARE, WELFARE_ELDERLY_SHARE = 0.007, 0.018  # on public assistance; about 0.8 % in central wards, assumed
WELFARE_ENDS = 0.30  # periods that end while the person stays, assumed
RETURNEE_SHARE = 0.0004  # of those born to 1955, assumed
HANDBOOK_SHARE = ((0, 0.008), (20, 0.015), (60, 0.04), (75, 0.09))
COPIED, COPY_DIFFERS, COPY_NAME_DIFFERS, COPY_ONLY = 0.985, 0.004, 0.002, 0.003
NOTICE_REISSUED = 0.012
