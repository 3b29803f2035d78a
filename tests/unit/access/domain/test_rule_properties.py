"""Rules of any kind: a forbid never opens, a permit never closes, order is nothing; and nothing is parsed twice."""

from random import Random

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.access.domain.admission import admit
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import Ask, Verdict
from tests.unit.access.domain.asking import TAKE, ask, caller, role, rules


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
