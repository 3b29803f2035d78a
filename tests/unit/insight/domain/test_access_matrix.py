"""The access matrix: for each caller and role what the rules say for the two alone; and it is made in time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bench.month import people, roles
from chalicelib.access.domain.admission import chosen
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import Ask
from chalicelib.insight.domain.access_matrix import known_caller, matrix
from policytool.source import read

RULES = load_rules(read(Path("policies/access"), "*.cedar"))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SSO = {"name": "AWSReservedSSO_BrokerEngineers_0123456789abcdef", "kind": "role", "groups": [], "tags": {}}


def test_each_cell_is_the_rules_answer_for_the_two_alone() -> None:
    chance = Random(3)  # noqa: S311  repeatable
    callers, known = people(60, chance), roles(60, chance)
    found = matrix(RULES, callers, known, NOW)
    for row, caller in zip(found["caller_classes"], callers, strict=True):
        for column, role in zip(found["role_classes"], known, strict=True):
            ask = Ask("TakeCredentials", caller, role, NOW, reason_given=True, mfa=True)
            door = chosen(RULES.evaluate(ask).doors, ask, approved=False)
            cell = found["cells"].get(f"{row},{column}", {})
            assert cell.get("rule") == (door.policy if door else None)
            assert ("break_glass" in cell) is bool(RULES.evaluate(ask.on("BreakGlass")).doors)


def test_five_thousand_callers_and_a_thousand_roles_take_seconds() -> None:
    chance, began = Random(4), time.process_time()  # noqa: S311  repeatable
    found = matrix(RULES, people(5000, chance), roles(1000, chance), NOW)
    assert time.process_time() - began < 60
    assert (len(found["caller_classes"]), len(found["role_classes"])) == (5000, 1000)


def test_identity_centers_roles_stand_for_their_persons_and_the_brokers_own_for_none() -> None:
    path = "aws-reserved/sso.amazonaws.com/eu-west-1"
    persons = known_caller({**SSO, "arn": f"arn:aws:iam::123456789012:role/{path}/{SSO['name']}"})
    assert persons is not None
    assert persons.groups == ("sso/BrokerEngineers",)
    forged = known_caller({**SSO, "arn": f"arn:aws:iam::123456789012:role/{SSO['name']}"})
    assert forged is not None
    assert forged.groups == ()
    assert known_caller({**SSO, "name": "x", "arn": "arn:aws:iam::123456789012:role/access-broker/x"}) is None
