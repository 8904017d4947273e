"""Roles: who may ask for what, until when."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from tests.gate.toy import grant, make_workspace

from daicho.core.errors import DisclosureError
from daicho.gate.profiles import load_disclosure
from daicho.gate.roles import profiles_for, require_roles, roles_of, user_name

TODAY = date(2026, 11, 24)


def test_the_creator_holds_every_role_until_one_is_granted(tmp_path: Path) -> None:
    me = user_name(os.getuid())
    assert roles_of(me, config=make_workspace(tmp_path), today=TODAY) == {"analyst", "report_runner", "officer"}
    assert roles_of("somebody_else", config=make_workspace(tmp_path), today=TODAY) == set()
    assert roles_of(me, config=make_workspace(tmp_path, roles=grant("other", "analyst", "2027-03-31")), today=TODAY) == set()


def test_a_role_lasts_through_its_last_day(tmp_path: Path) -> None:
    config = make_workspace(tmp_path, roles=grant("hanako", "analyst", "2026-11-24"))
    assert require_roles("hanako", config=config, today=date(2026, 11, 24)) == {"analyst"}
    with pytest.raises(DisclosureError):
        require_roles("hanako", config=config, today=date(2026, 11, 25))


def test_roles_open_the_profiles_the_office_lists(tmp_path: Path) -> None:
    rules = load_disclosure(make_workspace(tmp_path).contracts_dir)
    assert profiles_for(["analyst"], rules) == {"internal", "public"}
    assert profiles_for(["officer"], rules) == {"statutory", "settlement", "internal", "public"}
    assert profiles_for([], rules) == frozenset()
