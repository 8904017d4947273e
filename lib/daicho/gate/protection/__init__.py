"""Complementary suppression of published tables: pure functions over numbers, without vault or files.

`system` holds the model, `tables` makes it from cross tables, `primary` says which cells are sensitive and what is promised of them,
`optimise` and `growth` choose further cells, `attacker` bounds every hidden cell, and `complete` lets no pattern pass that it has not seen.
"""
