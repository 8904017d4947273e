"""The three questions put to acro, in an environment of its own: `python in_acro.py PERSONS.csv WORK`; prints each table with acro's verdict."""

import json
import os
import sys

import pandas as pd
from acro import ACRO

QUESTIONS = (("all ages", None), ("age 0", "0"), ("age 1", "1"))


def main(persons: str, work: str) -> None:
    """Ask for the table itself, which holds a small cell, then for three that do not."""
    frame = pd.read_csv(persons, dtype=str)
    frame["residents"] = "count"
    os.chdir(work)
    acro = ACRO(suppress=True)
    asked = [("district by age", acro.crosstab(frame.district, frame.age))]
    for name, age in QUESTIONS:
        part = frame if age is None else frame[frame.age == age]
        asked.append((name, acro.crosstab(part.district, part.residents)))
    verdicts = [f"{output.status} ({' '.join(str(output.summary).split())})" for output in acro.results.results.values()]
    tables = [
        {"name": name, "verdict": verdict, "cells": json.loads(table.astype("Float64").to_json(orient="index"))}
        for (name, table), verdict in zip(asked, verdicts, strict=True)
    ]
    sys.stdout.write("\n" + json.dumps(tables))


if __name__ == "__main__":
    main(*sys.argv[1:])
