"""The same figures by careful scripts of an analyst, in polars and in pandas, to be beaten (benchmarks/README.md)."""
