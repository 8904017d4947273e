"""Each row's own threshold where a table is about areas (disclosure.md 4): by the inhabitants of the area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from daicho.gate.engine import Engine
from daicho.gate.profiles import Profile
from daicho.gate.suppression import THRESHOLD_COLUMN


def with_thresholds(
    counted: pl.DataFrame, *, by: Sequence[str], where: Mapping[str, Sequence[str]], profile: Profile, engine: Engine
) -> pl.DataFrame:
    """Give each row its area's threshold where the table is about areas: broken down by one, or filtered for a single one."""
    threshold = pl.lit(profile.threshold, dtype=pl.Int64)
    nothing = pl.lit(False)
    about = [name for name in profile.area_dimensions if name in by or len(where.get(name, ())) == 1]
    if profile.threshold is None or not about:
        return counted
    for name in about:
        population = engine.area_population(name)
        codes = counted[name].unique().to_list() if name in by else where[name]
        limits = {code: profile.area_threshold(population.get(code)) for code in codes}
        area = pl.col(name) if name in by else pl.lit(where[name][0])
        threshold = pl.max_horizontal(
            threshold, area.replace_strict({code: limit or 0 for code, limit in limits.items()}, return_dtype=pl.Int64)
        )
        nothing = nothing | area.is_in([code for code, limit in limits.items() if limit is None])
    return counted.with_columns(pl.when(nothing).then(None).otherwise(threshold).alias(THRESHOLD_COLUMN))
