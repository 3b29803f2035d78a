"""The decision: doors, terms, and refusals."""

import pytest

from chalicelib.access.domain.admission import admit, door_with_approvals
from chalicelib.access.domain.nearest import Near, nearest
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import ApprovalRequired, InvalidRequest, NotFound, ReasonRequired, Refused
from chalicelib.core.domain.roles import Role
from tests.unit.access.domain.asking import TAKE, ask, caller, role, rules
from tests.wording import names, naming


def test_nothing_is_allowed_until_a_policy_says_so() -> None:
    with pytest.raises(Refused, match=naming("ec2", "alice")):
        admit(rules(), ask())


@pytest.mark.parametrize(
    ("action", "named"),
    [("TakeCredentials", False), ("OpenConsole", False), ("RequestAccess", True), ("Revoke", True)],
)
def test_a_refusal_names_what_was_asked_for(action: str, *, named: bool) -> None:
    with pytest.raises(Refused, match=naming("ec2", "alice")) as refused:
        admit(rules(), ask().on(action))
    assert names(refused.value.detail, action) == named


def test_a_matching_permit_is_a_door_and_the_answer_names_it() -> None:
    admission = admit(rules(f'@id("all") permit (principal, {TAKE}, resource);'), ask())
    assert (admission.door.policy, admission.max_seconds) == ("all", 3600)


def test_forbid_wins_and_is_named() -> None:
    policies = (f'@id("all") permit (principal, {TAKE}, resource);', f'@id("no") forbid (principal, {TAKE}, resource);')
    with pytest.raises(Refused, match=naming("no")) as refusal:
        admit(rules(*policies), ask())
    assert refusal.value.policies == ("no",)


def test_an_error_while_evaluating_refuses_even_where_another_permit_matches() -> None:
    broken = f'@id("broken") forbid (principal, {TAKE}, resource) when {{ principal.getTag("team") == "x" }};'
    near = f'@id("near") permit (principal in Broker::Group::"x", {TAKE}, resource);'
    with pytest.raises(Refused) as refusal:
        admit(rules(f'@id("all") permit (principal, {TAKE}, resource);', broken, near), ask())
    assert refusal.value.policies == ()  # no rule of the caller's could mend it


def test_a_decision_follows_the_callers_and_the_roles_tags_and_groups_at_once() -> None:
    same_team = f'@id("team") permit (principal in Broker::Group::"staff", {TAKE}, resource) when {{ principal.hasTag("team") && resource.hasTag("team") && principal.getTag("team") == resource.getTag("team") }};'  # noqa: E501  one policy
    deciding = rules(same_team)
    web, data = role(team="web"), role(team="data")

    def opens(who: Caller, what: Role) -> bool:
        return bool(deciding.evaluate(ask(who, what)).doors)

    for _ in range(2):
        assert opens(caller("alice", "staff", team="web"), web)
        assert not opens(caller("alice", "staff", team="web"), data)
        assert opens(caller("alice", "staff", team="data"), data)
        assert not opens(caller("alice", team="web"), web)


def test_the_easiest_door_is_taken() -> None:
    policies = (
        f'@id("a") @approvals("1") permit (principal, {TAKE}, resource);',
        f'@id("b") @reason("required") permit (principal, {TAKE}, resource);',
        f'@id("c") @max_duration("30m") permit (principal, {TAKE}, resource);',
        f'@id("d") @max_duration("45m") permit (principal, {TAKE}, resource);',
    )
    assert admit(rules(*policies), ask(reason_given=True)).door.policy == "d"


def test_a_door_that_gives_long_enough_is_taken_before_an_easier_one_that_does_not() -> None:
    policies = (
        f'@id("short") @max_duration("15m") permit (principal, {TAKE}, resource);',
        f'@id("long") @reason("required") permit (principal, {TAKE}, resource);',
    )
    wanted = ask(duration_seconds=3600, duration_given=True, reason_given=True)
    assert admit(rules(*policies), wanted).door.policy == "long"


def test_a_grant_leads_to_the_door_with_approvals_that_opens_for_the_ask() -> None:
    policies = (
        f'@id("free") permit (principal, {TAKE}, resource);',
        f'@id("short") @approvals("1") @max_duration("15m") permit (principal, {TAKE}, resource);',
        f'@id("long") @approvals("2") permit (principal, {TAKE}, resource);',
    )
    hour, any_length = ask(duration_seconds=3600, duration_given=True), ask()
    doors = [door_with_approvals(rules(*policies), asked) for asked in (hour, any_length)]
    assert [door.policy for door in doors if door] == ["long", "short"]
    assert door_with_approvals(rules(policies[0]), hour) is None


def test_a_duration_over_the_rules_limit_is_refused_and_the_limit_said() -> None:
    short = f'@id("short") @max_duration("15m") permit (principal, {TAKE}, resource);'
    with pytest.raises(InvalidRequest) as refusal:
        admit(rules(short), ask(duration_seconds=1800, duration_given=True))
    assert list(refusal.value.fields) == ["duration_seconds"]
    assert names(refusal.value.fields["duration_seconds"], "900")


def test_a_duration_nobody_gave_is_cut_to_the_rules_limit() -> None:
    short = f'@id("short") @max_duration("15m") permit (principal, {TAKE}, resource);'
    assert admit(rules(short), ask()).max_seconds == 900


def test_a_rule_on_the_duration_sees_the_longest_when_none_was_given() -> None:
    careful = f'@id("x") permit (principal, {TAKE}, resource) when {{ context.duration_seconds <= 1800 }};'
    with pytest.raises(Refused, match=naming("context.duration_seconds <= 1800")):
        admit(rules(careful), ask())


def test_a_reason_is_asked_for_by_name() -> None:
    with pytest.raises(ReasonRequired, match=naming("why", "reason")):
        admit(rules(f'@id("why") @reason("required") permit (principal, {TAKE}, resource);'), ask())


def test_approval_is_asked_for_and_the_next_step_said() -> None:
    needs = rules(f'@id("two") @approvals("2") permit (principal, {TAKE}, resource);')
    with pytest.raises(ApprovalRequired, match=naming("broker request ec2")):
        admit(needs, ask())
    assert admit(needs, ask(), approved=True).door.policy == "two"


def test_a_role_the_caller_may_not_see_does_not_exist_for_them() -> None:
    hidden = load_rules({"a.cedar": f'@id("g") permit (principal in Broker::Group::"x", {TAKE}, resource);'})
    with pytest.raises(NotFound):
        admit(hidden, ask())


def test_a_refusal_names_the_nearest_rule_and_what_it_misses() -> None:
    far = f"""@id("far") permit (principal in Broker::Group::"ops", {TAKE}, resource)
        when {{ context.reason_given && resource.hasTag("a") }};"""
    near = f'@id("near") permit (principal in Broker::Group::"engineers", {TAKE}, resource);'
    with pytest.raises(Refused, match=naming("near", "Group engineers")) as no:
        admit(rules(far, near), ask())
    assert no.value.policies == ("near",)


@pytest.mark.parametrize(
    "about",
    [
        'resource == Broker::Role::"hidden-prod");',
        'resource in Broker::Role::"hidden-prod");',
        'resource is Broker::Role in Broker::Role::"hidden-prod");',
        'resource) when { resource == Broker::Role::"hidden-prod" || resource == Broker::Role::"other" };',
        'resource) when { ["hidden-prod", "other"].contains(resource.name) };',
        'resource) when { resource.name like "hidden-prod*" };',
        'resource) when { {of: resource}.of.name == "hidden-prod" };',
        'resource) unless { resource.name != "hidden-prod" };',
    ],
)
def test_a_rule_about_another_role_is_never_named(about: str) -> None:
    near = f'@id("near") permit (principal in Broker::Group::"x", {TAKE}, resource) when {{ context.reason_given }};'
    secret = rules(near, f'@id("hidden-prod-people") permit (principal, {TAKE}, {about}')
    with pytest.raises(Refused, match=naming("near")) as refusal:
        admit(secret, ask())
    assert "hidden-prod" not in refusal.value.detail


def test_a_rule_about_the_roles_by_name_says_what_else_is_missing() -> None:
    by_name = f"""@id("x") permit (principal, {TAKE}, resource)
        when {{ ["ec2", "other"].contains(resource.name) && principal.name == "bob" }};"""
    assert nearest(rules(by_name), ask()) == Near("x", ('principal.name == "bob"',), 0)


def test_a_call_keeps_its_parentheses_in_words() -> None:
    text = f"""@id("x") permit (principal, {TAKE}, resource)
        when {{ context.session_tags.contains(principal.name) }};"""
    assert nearest(rules(text), ask()) == Near("x", ("context.session_tags.contains(principal.name)",), 0)


def test_tags_of_caller_and_role_can_be_compared() -> None:
    same_team = f"""@id("team") permit (principal, {TAKE}, resource) when {{
        principal.hasTag("team") && resource.hasTag("team") &&
        principal.getTag("team") == resource.getTag("team") }};"""
    assert admit(rules(same_team), ask(caller(team="web"), role(team="web"))).door.policy == "team"
    for who, what in ((caller(team="db"), role(team="web")), (caller(), role(team="web")), (caller(team="db"), role())):
        with pytest.raises(Refused):
            admit(rules(same_team), ask(who, what))


def test_a_rule_bound_to_a_unique_id_does_not_open_for_a_namesake() -> None:
    mine = f'@id("mine") permit (principal, {TAKE}, resource) when {{ principal.id == "AIDA0" }};'
    with pytest.raises(Refused):
        admit(rules(mine), ask())


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("permit (principal, action, resource);", r"a\.cedar.*no @id"),
        ('@id("x") permit (principal, action, resource)', r"a\.cedar"),
        ('@id("x") @max("1h") permit (principal, action, resource);', r"a\.cedar.*\bx\b.*@max\b"),
        (
            '@id("x") permit (principal, action, resource); @id("x") permit (principal, action, resource);',
            r'a\.cedar.*"x"',
        ),
    ],
)
def test_a_policy_file_with_an_error_is_refused_with_its_name(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        load_rules({"a.cedar": text})


def test_an_address_cedar_cannot_read_is_refused_though_no_rule_asks_for_one() -> None:
    """API Gateway's own test calls, which pass by its throttle, come from no address."""
    everybody = f'@id("all") permit (principal, {TAKE}, resource);'
    verdict = rules(everybody).evaluate(ask(source_ip="test-invoke-source-ip"))
    assert not verdict.doors
    assert "test-invoke-source-ip" in verdict.errors[0]
