"""Access keys that get old, at the terminal: their owner's view, an administrator's restore, the rehearsal."""

from __future__ import annotations

import json

import pytest

ME = {"arn": "arn", "mfa_devices": [], "console_access": False, "mfa_proven": False, "managed": True}
KEY = {"id": "AKIA1", "status": "Active", "created_at": "2026-01-01T00:00:00.000Z", "last_used_at": None}
SINCE, NEXT = "2026-11-01T00:00:00.000Z", "2026-11-15T00:00:00.000Z"
REHEARSAL = {"roles": [], "up_to": "reported", "complete": True, "budget": {}, "keys_up_to": "deactivated"}
OLD = {"user": "dana", "change": "", "next_stage": None, "next_at": None, "reason": "never used"}


@pytest.mark.parametrize(
    ("cleanup", "said"),
    [
        (None, []),
        ({"stage": "reported", "since": SINCE, "next_at": NEXT}, []),
        ({"stage": "warned", "since": SINCE, "next_at": NEXT}, ["inactive from 2026-11-15", "broker keys rotate"]),
        ({"stage": "warned", "since": SINCE, "next_at": None}, ["; old"]),
        ({"stage": "deactivated", "since": SINCE, "next_at": None}, ["on 2026-11-01", "broker keys restore"]),
    ],
    ids=["none", "reported", "warned", "warned, no date", "deactivated"],
)
def test_an_owner_sees_what_clean_up_does_to_a_key_and_when(alice, contract, cleanup, said) -> None:
    contract.answers["GET", "/api/v1/me"] = {**ME, "access_keys": [{**KEY, "cleanup": cleanup}]}
    shown = alice.run("keys").stdout
    assert [word for word in said if word not in shown] == []
    assert ("old" in shown or "clean-up" in shown) == bool(said)


def test_a_broker_of_an_older_version_says_nothing_of_clean_up(alice, contract) -> None:
    contract.answers["GET", "/api/v1/me"] = {**ME, "access_keys": [KEY]}
    assert "AKIA1" in alice.run("me").stdout


@pytest.mark.parametrize(("restored", "said"), [(["AKIA1"], "Active again: AKIA1."), ([], "No key of dana")])
def test_one_command_restores_the_keys_of_a_user(alice, contract, restored, said) -> None:
    contract.answers["POST", "/api/v1/users/dana/access-keys/restore"] = {"name": "dana", "restored": restored}
    assert said in alice.run("keys", "restore", "dana").stdout
    assert json.loads(alice.run("keys", "restore", "dana", "--json").stdout)["restored"] == restored
    assert alice.run("keys", "restore").returncode == 2


def test_a_rehearsal_lists_old_keys_with_what_comes_next(alice, contract) -> None:
    contract.answers["POST", "/api/v1/cleanup"] = {
        **REHEARSAL,
        "keys": [
            {**OLD, "id": "AKIA1", "stage": "reported", "change": "warned", "next_stage": "deactivated"},
            {**OLD, "id": "AKIA2", "stage": "deactivated"},
            {**OLD, "id": "AKIA3", "stage": "", "next_stage": "warned", "next_at": NEXT},
        ],
        "key_budget": {"wanted": 7, "limit": 3, "exceeded": True},
    }
    shown = alice.run("cleanup", "--dry-run").stderr
    for line in (
        "AKIA1 of dana: reported, would become warned now; never used.",
        "AKIA2 of dana: deactivated; never used.",
        "AKIA3 of dana: new, warned from ",
        "access keys as far as deactivated",
        "7 access keys wanted, 3 allowed",
    ):
        assert line in shown
