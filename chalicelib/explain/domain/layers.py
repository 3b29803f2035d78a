"""Why, or why not, layer by layer: each layer's verdict, what decided it, and what would open it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.access.domain.admission import chosen, door_with_approvals, max_seconds, opens
from chalicelib.access.domain.forbidden_tags import forbidden_tags, tags_in_words
from chalicelib.access.domain.nearest import nearest
from chalicelib.access.domain.terms import unmet
from chalicelib.approvals.domain.grants import longest
from chalicelib.core.domain.policy_documents import session_policy_text, statements
from chalicelib.core.domain.roles import (
    MAX_CALLER_TAGS,
    MAX_CHAINED_SECONDS,
    MAX_POLICY_ARNS,
    MAX_SESSION_POLICY,
    SHORTEST_SESSION,
)
from chalicelib.core.domain.times import rfc3339
from chalicelib.explain.domain.deciding_statement import deciding
from chalicelib.explain.domain.trust_evaluation import admittance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.access.domain.rules import AccessRules, Ask, Door
    from chalicelib.access.domain.terms import Term
    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.core.domain.roles import Role
    from chalicelib.explain.domain.trust_evaluation import BrokerInAws


FILING = "RequestAccess"
"""The one action whose end is a request and not a session: no grant is needed, and no session's length counts."""


TERMS: dict[Term, tuple[str, str]] = {
    "reason": ("a reason", "Give a reason."),
    "mfa": ("MFA", "Prove MFA: repeat the command with --mfa-code CODE, or send the request under /mfa."),
}
"""For each term of the access rule: the thing it asks for, and how to give it."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's verdict. `by` is the rule, statement or limit that decided; `change` would open it."""

    layer: str
    verdict: Literal["open", "closed", "not_checked"]
    by: str
    detail: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """An ask with what else decides in AWS. `operation` is what the caller wants to do, as `ec2:RunInstances`."""

    ask: Ask
    grants: tuple[Grant, ...] = ()
    """The caller's grants for the role."""
    operation: str = ""
    session_policy: Mapping[str, Any] | None = None
    policy_arns: tuple[str, ...] = ()
    unread: str = ""
    """Why IAM of a member account was not read; empty where it was."""


@dataclass(frozen=True, slots=True)
class Way:
    """The door that decides, and the grant that leads to it; under one, `ask` has the reason that approvers know."""

    ask: Ask
    door: Door | None
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class RoleInAws:
    """The role as IAM holds it now; None where it has no such role."""

    trust: Mapping[str, Any]
    boundary: Mapping[str, Any] | None
    """None where the role has not the boundary of this deployment."""
    max_session_seconds: int
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Attached and inline ones by name; read only where an operation is asked about."""


def explain(rules: AccessRules, question: Question, role: RoleInAws | None, broker: BrokerInAws) -> tuple[Layer, ...]:
    """Every layer's verdict, in order.

    For a role of a member account the layer `account` comes first: whether the broker is let in.
    """
    way = _way(rules, question)
    of_account = () if question.ask.role.home is None else (_account(question.ask.role),)
    return (
        *of_account,
        _access_rule(rules, way),
        _grant(way),
        *_in_iam(question, role, broker),
        _session_policy(question),
        _duration(way, role),
        _quota(question),
    )


def smallest_change(layers: tuple[Layer, ...]) -> str:
    """The first thing to change: layers are asked in order, so it is the first that is closed."""
    return next((layer.change for layer in layers if layer.verdict == "closed"), "")


def _way(rules: AccessRules, question: Question) -> Way:
    """The way that sessions/services/issue.py takes, or would take: a grant is used only where a door stays shut."""
    ask = question.ask
    if ask.action == FILING:
        return Way(ask, chosen(rules.evaluate(ask).doors, ask, approved=True))
    door = chosen(rules.evaluate(ask).doors, ask, approved=False)
    covering = [grant for grant in question.grants if grant.covers(ask.at)]
    if door is None or opens(door, ask) or not covering or ask.action == "BreakGlass":
        return Way(ask, door)
    reasoned = replace(ask, reason_given=ask.reason_given or any(grant.reason for grant in covering))
    lent = door_with_approvals(rules, reasoned)
    grant = longest(covering, lent.terms.approvals, ask.at) if lent else None
    return Way(reasoned, lent, grant) if grant else Way(ask, door)


def _account(role: Role) -> Layer:
    """The account's own layer: whether the broker is let in, and which role is meant there."""
    home = role.home
    if home is None or not home.served:
        shown, state, why = (home.shown, home.state, home.reason) if home else (role.account, "unknown", "")
        change = "Join it, or join it again: docs/accounts.md"
        return Layer("account", "closed", state, f"Account {shown} is not served: {why or state}.", change)
    if not role.unique_id:
        change = f"Apply its template again: broker roles apply {role.name}"
        return Layer("account", "closed", "no unique id", "It is not known which role is meant there.", change)
    seen = f" as of {rfc3339(home.checked_at)}" if home.checked_at else ""
    return Layer("account", "open", home.state, f"Account {home.shown} lets the broker in{seen}.")


def _in_iam(question: Question, role: RoleInAws | None, broker: BrokerInAws) -> tuple[Layer, ...]:
    """The layers that IAM of the role's account has."""
    if question.unread:
        names = ("trust_policy", "role_policies", "permissions_boundary")
        return tuple(Layer(name, "not_checked", "", f"IAM there was not read: {question.unread}.") for name in names)
    name = question.ask.role.name
    return _trust(role, broker, name), _role_policies(role, question), _boundary(role, question)


def _access_rule(rules: AccessRules, way: Way) -> Layer:
    ask, door = way.ask, way.door
    if door is not None:
        return _terms(ask, door)
    verdict = rules.evaluate(ask)
    if verdict.forbidden_by:
        by = ", ".join(verdict.forbidden_by)
        if tags := forbidden_tags(rules, ask):
            keys = ", ".join(field.removeprefix("tags.") for field in tags)
            detail = f"Forbidden by {by}{tags_in_words(tags)}."
            return Layer("access_rule", "closed", by, detail, f"Leave these session tags out: {keys}.")
        return Layer("access_rule", "closed", by, f"Forbidden by {by}.", f"Meet the exception of {by}, or change it.")
    near = None if verdict.errors else nearest(rules, ask)
    if near is None:
        detail, change = "No rule for this caller speaks of the role.", "Add a permit to policies/access."
        return Layer("access_rule", "closed", "default deny", detail, change)
    needs = "; ".join(near.missing)
    return Layer(
        "access_rule", "closed", near.policy, f"Nearest is {near.policy}; missing: {needs}.", f"Provide: {needs}."
    )


def _terms(ask: Ask, door: Door) -> Layer:
    """The terms that the access rule sets by itself; approvals and the duration have layers of their own."""
    for term in unmet(door.terms, ask, approved=True):
        if term in TERMS:
            asks_for, change = TERMS[term]
            return Layer("access_rule", "closed", door.policy, f"Rule {door.policy} asks for {asks_for}.", change)
    return Layer("access_rule", "open", door.policy, f"Rule {door.policy} permits it.")


def _grant(way: Way) -> Layer:
    name, door, request = "grant", way.door, f"File a request: broker request {way.ask.role.name}"
    if door is None:
        return Layer(name, "not_checked", "", "No rule opens, so no grant could help.")
    if way.ask.action == FILING:
        return Layer(name, "open", door.policy, "Filing a request needs no approval: it asks for some.")
    if not door.terms.approvals:
        return Layer(name, "open", door.policy, "No approval is needed.")
    if way.grant is None:
        needs = f"Rule {door.policy} needs {door.terms.approvals} approval(s) and no grant with so many is active."
        return Layer(name, "closed", door.policy, needs, request)
    until = f"Grant {way.grant.id} covers it until {rfc3339(way.grant.until)}."
    if way.grant.until - way.ask.at < SHORTEST_SESSION:
        return Layer(name, "closed", way.grant.id, f"{until} AWS issues no session that short.", request)
    return Layer(name, "open", door.policy, until)


def _trust(role: RoleInAws | None, broker: BrokerInAws, name: str) -> Layer:
    change = f"Apply its template again: broker roles apply {name}"
    if role is None:
        return Layer("trust_policy", "closed", "IAM", "IAM has no such role.", change)
    found = admittance(role.trust, broker)
    return Layer("trust_policy", found.verdict, found.by, found.detail, change if found.verdict == "closed" else "")


def _role_policies(role: RoleInAws | None, question: Question) -> Layer:
    """The verdict of the role's own policies together; quarantine and revocations are among them."""
    name = "role_policies"
    if role is None:
        return Layer(name, "not_checked", "", "IAM has no such role.")
    if question.ask.role.quarantined:
        restore = f"Have an administrator take it out of quarantine: broker roles restore {question.ask.role.name}"
        return Layer(name, "closed", "access-broker-quarantine", "It is quarantined as unused.", restore)
    change = "Add it to the role's template, or take a role that has it: broker roles"
    return _narrowing(name, own_policies(role), question.operation, change)


def own_policies(role: RoleInAws) -> dict[str, Any]:
    """The role's policies as one document; each statement's Sid names its policy."""
    together = [
        {**statement, "Sid": f"{policy}, {statement.get('Sid') or f'statement {number}'}"}
        for policy, document in sorted(role.policies.items())
        for number, statement in enumerate(statements(document), 1)
    ]
    return {"Statement": together}


def _boundary(role: RoleInAws | None, question: Question) -> Layer:
    name = "permissions_boundary"
    if role is None:
        return Layer(name, "not_checked", "", "IAM has no such role.")
    if role.boundary is None:
        apply = f"Apply its template again: broker roles apply {question.ask.role.name}"
        return Layer(name, "closed", "no boundary", "The role has lost the boundary of this deployment.", apply)
    change = "No brokered role can allow this; policies/boundary.json says why."
    return _narrowing(name, role.boundary, question.operation, change)


def _session_policy(question: Question) -> Layer:
    """Session policies narrow together: what any of them allows is allowed, unless one denies it."""
    name, managed = "session_policy", question.policy_arns
    if question.session_policy is None and not managed:
        return Layer(name, "open", "none", "No session policy narrows the session.")
    change = f"Add {question.operation} to the session policy you send, or send none."
    found = _narrowing(name, question.session_policy or {}, question.operation, change)
    if managed and question.operation and not _denies(question):
        return Layer(name, "not_checked", "", f"{', '.join(managed)} may allow {question.operation}: not read.")
    return found


def _denies(question: Question) -> bool:
    return deciding(question.session_policy or {}, question.operation).effect == "Deny"


def _narrowing(name: str, document: Mapping[str, Any], operation: str, change: str) -> Layer:
    """A document that can only narrow: closed unless a statement of it allows the operation."""
    if not operation:
        return Layer(name, "not_checked", "", "Name an operation, such as ec2:RunInstances, to check it.")
    found = deciding(document, operation)
    if found.effect == "Allow":
        depends = " for some resources or under conditions" if found.conditional else ""
        return Layer(name, "open", found.statement, f"{found.statement} allows {operation}{depends}.")
    said = f"{found.statement} denies {operation}" if found.effect == "Deny" else f"No statement allows {operation}"
    return Layer(name, "closed", found.statement, f"{said}.", change)


def _duration(way: Way, role: RoleInAws | None) -> Layer:
    name, ask, door = "duration", way.ask, way.door
    if door is None:
        return Layer(name, "not_checked", "", "No rule opens, so there is no limit to compare with.")
    if ask.action == FILING:
        return Layer(name, "not_checked", "", "A request is for a grant, not for one session: file it to see.")
    limits = {f"rule {door.policy}": max_seconds(door, ask), "role chaining (AWS)": MAX_CHAINED_SECONDS}
    if role is not None:
        limits["the role's MaxSessionDuration"] = role.max_session_seconds
    by = min(limits, key=lambda limit: limits[limit])
    if ask.duration_given and ask.duration_seconds > limits[by]:
        change = f"Ask for {limits[by]} seconds or less."
        return Layer(name, "closed", by, f"At most {limits[by]} seconds.", change)
    if ask.duration_given and ask.duration_seconds < SHORTEST_SESSION.total_seconds():
        least = int(SHORTEST_SESSION.total_seconds())
        return Layer(name, "closed", "AssumeRole", f"At least {least} seconds.", f"Ask for {least} seconds or more.")
    return Layer(name, "open", by, f"Sessions of up to {limits[by]} seconds.")


def _quota(question: Question) -> Layer:
    if question.session_policy is not None and len(session_policy_text(question.session_policy)) > MAX_SESSION_POLICY:
        detail = f"A session policy has {MAX_SESSION_POLICY} characters at most."
        return Layer("quota", "closed", "STS session policy size", detail, "Shorten it, or use policy_arns.")
    if len(question.policy_arns) > MAX_POLICY_ARNS:
        detail = f"A session takes {MAX_POLICY_ARNS} policy ARNs at most."
        return Layer("quota", "closed", "STS policy ARNs", detail, "Send fewer policy_arns.")
    if len(question.ask.session_tags) > MAX_CALLER_TAGS:
        detail = f"A session takes {MAX_CALLER_TAGS} tags of the caller's at most: STS takes 50, two are the broker's."
        return Layer("quota", "closed", "STS session tags", detail, "Send fewer tags.")
    return Layer("quota", "open", "STS limits", "Within the limits of AssumeRole.")
