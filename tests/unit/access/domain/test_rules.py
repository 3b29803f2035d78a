"""The decision: doors, terms, refusals, and what must hold of any policy set."""

from datetime import UTC, datetime
from random import Random

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.access.domain.admission import admit, door_with_approvals
from chalicelib.access.domain.nearest import Near, nearest
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import AccessRules, Ask, Verdict
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import ApprovalRequired, InvalidRequest, NotFound, ReasonRequired, Refused
from chalicelib.core.domain.roles import Role
from tests.wording import names, naming

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SEEN = '@id("seen") permit (principal, action == Broker::Action::"SeeRole", resource);'
TAKE = 'action == Broker::Action::"TakeCredentials"'


def caller(name: str = "alice", *groups: str, **tags: str) -> Caller:
    return Caller("user", name, f"arn:aws:iam::123456789012:user/{name}", "123456789012", "AIDA1", groups, tags)


def role(name: str = "ec2", **tags: str) -> Role:
    return Role(name, f"arn:aws:iam::123456789012:role/access-broker/{name}", tags=tags)


def ask(who: Caller | None = None, what: Role | None = None, **more: object) -> Ask:
    return Ask("TakeCredentials", who or caller(), what or role(), NOW, **more)  # type: ignore[arg-type]


def rules(*policies: str) -> AccessRules:
    return load_rules({f"{number}.cedar": text for number, text in enumerate((SEEN, *policies))})


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


def test_a_container_keeps_so_many_parsed_policies_however_they_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.access.domain.rules.POLICIES_KEPT", 40)
    owns = [f'@id("{n}") permit (principal, {TAKE}, resource == Broker::Role::"{n}");' for n in range(30)]
    general = [f'@id("g{n}") permit (principal in Broker::Group::"{n}", action, resource);' for n in range(9)]
    loaded = rules(*owns, *general)
    for number in range(30):
        for groups in ((), ("1",), ("1", "2")):
            admit(loaded, ask(caller("alice", *groups), role(f"{number}")))
    assert len(loaded._sets) == 4  # noqa: SLF001  nothing else shows it


def counted(monkeypatch: pytest.MonkeyPatch, kind: type) -> list[str]:
    """The texts from which Cedar makes this kind of thing from now on."""
    texts: list[str] = []
    make = kind.from_json_str  # type: ignore[attr-defined]

    def counting(text: str) -> object:
        texts.append(text)
        return make(text)

    monkeypatch.setattr(kind, "from_json_str", staticmethod(counting))
    return texts


def test_what_is_the_same_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers and roles that meet again, and the policies for roles that no policy names."""
    loaded = rules(f'@id("all") permit (principal, {TAKE}, resource);')
    entities, policies = counted(monkeypatch, cedarpy.Entities), counted(monkeypatch, cedarpy.PolicySet)
    for name in ("ec2", "ec2", "s3", "ec2"):
        admit(loaded, ask(what=role(name)))
    assert (len(entities), len(policies)) == (2, 1)


groups = st.sampled_from(["engineers", "ops", "auditors"])
scopes = st.sampled_from(["principal", *(f'principal in Broker::Group::"{name}"' for name in ("engineers", "ops"))])
resources = st.sampled_from(["resource", 'resource == Broker::Role::"ec2"', 'resource == Broker::Role::"s3"'])
bodies = st.sampled_from(
    [
        "",
        "when { context.reason_given }",
        'unless { resource.hasTag("closed") }',
        'when { context.at.toTime() >= duration("6h") && context["session_tags"].containsAll(["ticket"]) }',
        'when { context has source_ip && context.source_ip.isInRange(ip("203.0.113.0/24")) }',
        "unless { [context, {}].contains({duration_seconds: context.duration_seconds}) }",
    ]
)
actions = st.sampled_from(
    [
        "action",
        TAKE,
        'action == Broker::Action::"SeeRole"',
        TAKE.replace("== ", "in [") + ', Broker::Action::"SeeRole"]',
    ]
)
erring = st.sampled_from(['when { principal.getTag("team") == "web" }', 'unless { resource.getTag("closed") == "no" }'])


def _texts(conditions: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda who, act, what, when: f"({who}, {act}, {what}) {when};", scopes, actions, resources, conditions
    )


def _sets(each: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, str]]]:
    return st.lists(st.tuples(st.sampled_from(["permit", "forbid"]), each), max_size=6)


texts, texts_that_may_err = _texts(bodies), _texts(bodies | erring)
sets, sets_that_may_err = _sets(texts), _sets(texts_that_may_err)
asks = st.builds(
    lambda names, closed, **context: ask(caller("alice", *names), role("ec2", **closed), **context),
    st.sets(groups),
    st.sampled_from([{}, {"closed": "yes"}]),
    reason_given=st.booleans(),
    source_ip=st.sampled_from(["", "203.0.113.7", "2001:db8::1", "test-invoke-source-ip"]),
    session_tags=st.sampled_from([(), ("ticket",)]),
)


def written(policies: list[tuple[str, str]]) -> list[str]:
    return [f'@id("p{number}") {effect} {text}' for number, (effect, text) in enumerate(policies)]


def allowed(policies: list[str], wanted: Ask) -> bool:
    return bool(load_rules({f"{number:03}.cedar": text for number, text in enumerate(policies)}).evaluate(wanted).doors)


@settings(max_examples=60)
@given(sets_that_may_err, texts_that_may_err, asks)
def test_adding_a_forbid_never_allows_more(policies: list[tuple[str, str]], extra: str, wanted: Ask) -> None:
    before, after = written(policies), [*written(policies), f'@id("extra") forbid {extra}']
    assert allowed(before, wanted) or not allowed(after, wanted)


@settings(max_examples=60)
@given(sets, texts, asks)
def test_adding_a_permit_that_cannot_err_never_allows_less(
    policies: list[tuple[str, str]], extra: str, wanted: Ask
) -> None:
    before, after = written(policies), [*written(policies), f'@id("extra") permit {extra}']
    assert allowed(after, wanted) or not allowed(before, wanted)


@settings(max_examples=60)
@given(sets_that_may_err, asks, st.randoms(use_true_random=False))
def test_the_order_of_policies_and_files_changes_nothing(
    policies: list[tuple[str, str]], wanted: Ask, order: Random
) -> None:
    lines = written(policies)
    shuffled = lines.copy()
    order.shuffle(shuffled)
    one_file = load_rules({"all.cedar": "\n".join(shuffled)})
    many = load_rules({f"{number}.cedar": text for number, text in enumerate(lines)})
    assert one_file.evaluate(wanted) == many.evaluate(wanted)


@settings(max_examples=40)
@given(sets_that_may_err, asks)
def test_leaving_out_what_can_change_nothing_decides_as_the_whole_set_does(
    policies: list[tuple[str, str]], wanted: Ask
) -> None:
    import cedarpy  # noqa: PLC0415  the oracle, used nowhere else

    from chalicelib.access.domain.cedar_documents import entities_document, request_document  # noqa: PLC0415
    from chalicelib.access.domain.rules import policy_set  # noqa: PLC0415

    loaded = load_rules({"all.cedar": "\n".join(written(policies))})
    whole = policy_set(tuple(loaded.policies.values()))
    for one in (wanted, wanted.on("SeeRole")):
        oracle = cedarpy.is_authorized(request_document(one), whole, entities_document(one))
        verdict = loaded.evaluate(one)
        if oracle.diagnostics.errors:
            assert verdict == Verdict(errors=tuple(sorted(oracle.diagnostics.errors)))
            continue
        assert tuple(sorted(oracle.diagnostics.reasons)) == (
            tuple(door.policy for door in verdict.doors) or verdict.forbidden_by
        )
        assert oracle.allowed == bool(verdict.doors)
