"""What the denominator of a rate is, in a few words that stand beside the number; the whole rule is in the notes of the release."""

from __future__ import annotations

from daicho.gate.release import Facts

_MILESTONES = {
    "last_legal_day": ("対象期間の最終日の住民", "residents on the last day of their window"),
    "as_of": ("基準日の住民", "residents on the as-of day"),
    "12m": ("満1歳に達した日の住民", "residents on reaching 12 months"),
    "24m": ("満2歳に達した日の住民", "residents on reaching 24 months"),
    "5y": ("満5歳に達した日の住民", "residents on reaching 5 years"),
    "school_entry": ("就学の始期の住民", "residents on the day school age begins"),
}
_RULES = {
    "coverage_fiscal_year": ("標準的な接種期間の人口（12か月相当）", "population in the standard ages, scaled to twelve months"),
    "coverage_cumulative": ("その月齢に観察中の未接種者", "those still followed and without the dose at that age"),
    "dropout": ("最初の回を受けた対象者", "eligible residents with the first dose"),
    "covid_coverage": ("基準日の住民のすべて", "all residents of the as-of day"),
    "unvaccinated": ("基準日に対象期間内の住民", "residents whose window is open on the as-of day"),
    "missed_opportunities": ("接種できる状態で来所した日数", "visits on which the dose was due"),
}
_BY_MILESTONE = ("coverage_cohort", "coverage_cohort_weighted", "timeliness", "zero_dose", "fully_immunised")


def denominator(facts: Facts, *, language: str) -> str:
    """Return the denominator of a release's rates, or nothing where the measure has none that is known here."""
    place = int(language != "ja")
    if facts.measure in _RULES:
        return _RULES[facts.measure][place]
    if facts.measure not in _BY_MILESTONE:
        return ""
    default = "12m" if facts.measure == "zero_dose" else "24m" if facts.measure == "fully_immunised" else "last_legal_day"
    milestone = str(facts.parameters.get("definition") or facts.parameters.get("milestone") or default)
    if milestone == "age":
        months = facts.parameters.get("age_months", "")
        return f"生後{months}か月に達した日の住民" if language == "ja" else f"residents on reaching {months} months"
    return _MILESTONES[milestone][place] if milestone in _MILESTONES else ""
