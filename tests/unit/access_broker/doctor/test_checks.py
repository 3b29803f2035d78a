"""Every check: ok on a healthy deployment, and one fault turns it red and no other."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from access_broker.doctor.aws.gather import GATHERERS
from access_broker.doctor.checks.mfa import MfaRules
from access_broker.doctor.checks.people import Logins, People
from access_broker.doctor.checks.roles import GUARDS
from access_broker.doctor.examine import Facts, examine
from access_broker.doctor.model import CHECKS
from chalicelib.provisioning.services import compile as provisioner
from tests.unit.access_broker.doctor.healthy import CANARY, FAULTS, FUNCTIONS, HEALTHY, SCHEDULE

if TYPE_CHECKING:
    from access_broker.doctor.model import Finding

ON_THE_EMBEDDED_AWS: dict[str, tuple[str, dict[str, Any]]] = {
    "clock": ("edge", {"loopback": True}),
    "tls": ("edge", {"loopback": True}),
    "access-log": ("rest_api", {"embedded": True, "access_log": ""}),
    "trail-told": ("trail_rule", {"embedded": True, "runs": 0}),
    "account-trail": ("trails", {"embedded": True, "trails": ()}),
    "alarms-have-data": ("alarms", {"embedded": True}),
    "alarms-heard": ("alarms", {"embedded": True, "subscribers": 0}),
}


def examined(**changed: Any) -> dict[str, Finding]:
    facts = HEALTHY | changed
    found = examine(Facts({name: functools.partial(facts.get, name) for name in facts}), lambda _: None)
    return {check.name: finding for check, finding in found}


def states(**changed: Any) -> dict[str, str]:
    return {name: finding.state for name, finding in examined(**changed).items()}


def test_all_checks_are_ok_on_a_healthy_deployment() -> None:
    assert set(states().values()) == {"ok"}


@pytest.mark.parametrize(
    ("check", "fact", "fault", "remedy"), FAULTS, ids=[f"{c}-{n}" for n, (c, *_) in enumerate(FAULTS)]
)
def test_a_fault_turns_exactly_its_check_red_with_an_advice(check: str, fact: str, fault: Any, remedy: str) -> None:
    found = examined(**{fact: fault})
    assert [name for name, finding in found.items() if finding.state in {"failed", "warning"}] == [check]
    advice = found[check].do or next(one.do for one in CHECKS if one.name == check)
    assert remedy in advice


def test_every_check_has_a_fault_that_turns_it_red() -> None:
    assert {check for check, *_ in FAULTS} | {"canary-taken"} == {check.name for check in CHECKS}


def test_an_api_without_a_resource_policy_fails_both_of_its_checks() -> None:
    found = states(rest_api=replace(HEALTHY["rest_api"], policy={}))
    assert [name for name, state in found.items() if state == "failed"] == ["resource-policy", "mfa-demanded"]


def test_a_person_without_a_device_is_a_warning_and_a_rule_that_none_can_meet_a_failure() -> None:
    found = states(people=People(("dana",), 2, 3), mfa_rules=MfaRules({"approvers": ("a",)}, 1, ("bob",)))
    assert [name for name, state in found.items() if state == "warning"] == [
        "mfa-rules-can-be-met", "people-have-devices",
    ]  # fmt: skip
    assert (
        "1 of 2 have no device, 1 not looked at: dana"
        in examined(people=People(("dana",), 2, 3))["people-have-devices"].found
    )
    assert states(mfa_rules=MfaRules({"sso/Approvers": ("a",)}))["mfa-rules-can-be-met"] == "failed"


@pytest.mark.parametrize(
    ("check", "fact", "value"),
    [
        ("mfa-rules-can-be-met", "mfa_rules", MfaRules()),
        ("sign-in-only-users", "people", People()),
        ("aws-cli-has-login", "logins", Logins()),
        ("aws-cli-has-login", "logins", Logins(users=1)),
        ("aws-login-works", "logins", Logins(users=1, embedded=True)),
        ("aws-login-works", "logins", Logins(users=1)),
    ],
)
def test_what_concerns_no_user_or_was_not_tried_is_told_as_such(check: str, fact: str, value: Any) -> None:
    assert states(**{fact: value})[check] == "not here"


def test_a_canary_that_is_refused_is_one_failure_and_the_rest_says_why_it_cannot_tell() -> None:
    found = examined(canary=replace(CANARY, session="", refusal="no rule gives it"))
    assert [name for name, finding in found.items() if finding.state == "failed"] == ["canary-taken"]
    assert "canary-taken" in found["canary-revoked"].found
    assert found["canary-revoked"].state == "not here"


@pytest.mark.parametrize("check", ON_THE_EMBEDDED_AWS)
def test_what_the_embedded_aws_cannot_tell_is_told_as_such(check: str) -> None:
    fact, changes = ON_THE_EMBEDDED_AWS[check]
    assert states(**{fact: replace(HEALTHY[fact], **changes)})[check] == "not here"


def test_a_schedule_that_is_not_due_yet_is_not_judged() -> None:
    assert states(schedules={"daily": replace(SCHEDULE, ran=False, due=False)})["schedules-ran"] == "not here"


def test_without_a_package_equal_functions_are_told_as_unknown() -> None:
    assert states(functions=replace(FUNCTIONS, package="", place=""))["code-is-the-package"] == "not here"


def test_names_are_unique_and_every_fact_has_its_gatherer() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS) >= 30
    assert {check.fact for check in CHECKS} == set(GATHERERS) == set(HEALTHY)


def test_the_guards_of_each_tier_are_the_provisioners() -> None:
    assert GUARDS == provisioner.GUARDS


def test_a_session_that_was_never_admitted_says_nothing_of_revocation() -> None:
    assert states(canary=replace(CANARY, admitted_status=403, denied_after=0.0))["canary-revoked"] == "not here"
