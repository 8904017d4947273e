"""Data contracts: what an extract holds, how each item is classified, and the code lists and reference data beside it.

Everything is read from `data_contracts/`, which the office owns; this package gives it types and checks it.
"""
