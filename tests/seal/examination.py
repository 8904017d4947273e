"""Runs the self-test behind a whole seal, behind one with a hole, or behind none, and prints its results."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path

from tests.seal.attacks import Prey

from daicho.seal.apply import apply_seal
from daicho.seal.landlock import READ, PathRule, landlock_abi, restrict_files_and_network
from daicho.seal.policy import SealPolicy, build_policy
from daicho.seal.privileges import give_up_privileges
from daicho.seal.selftest import run_selftest


def policy_of(prey: Prey) -> SealPolicy:
    return build_policy(
        work_dir=prey.work,
        socket_dir=prey.sockets,
        readable=(),
        protected={
            "vault": prey.vault,
            "keys": prey.root / "not-made-yet" / "keys",
            "gate": prey.unix_path.parent,
            "extracts-1": prey.root / "elsewhere",
        },
        state_dir=prey.root / "var",
        gate_socket=prey.unix_path,
        gate_pid=prey.pid,
        parent_pid=os.getppid(),
    )


def main() -> None:
    arguments = json.loads(sys.stdin.readline())
    prey = Prey(**{field.name: Path(arguments[field.name]) if field.type == "Path" else arguments[field.name] for field in fields(Prey)})
    policy = policy_of(prey)
    holes = {"readable vault": prey.vault, "readable workspace": prey.root}
    match sys.argv[1]:
        case "whole":
            apply_seal(policy)
        case "no filter":
            give_up_privileges()
            restrict_files_and_network(policy.rules, abi=landlock_abi())
        case "none":
            pass
        case hole:
            apply_seal(replace(policy, rules=(*policy.rules, PathRule(holes[hole], READ))))
    sys.stdout.write(json.dumps([asdict(result) for result in run_selftest(policy)], ensure_ascii=False))


if __name__ == "__main__":
    main()
