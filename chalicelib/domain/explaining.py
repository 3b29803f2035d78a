"""Why, or why not, layer by layer: each layer's verdict, what decided it, and what would open it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.domain.admission import chosen, max_seconds
from chalicelib.domain.deciding_statement import deciding
from chalicelib.domain.nearest import nearest
from chalicelib.domain.policy_documents import compact, statements
from chalicelib.domain.roles import MAX_CHAINED_SECONDS
from chalicelib.domain.trust_evaluation import admittance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.access import AccessRules, Ask, Door
    from chalicelib.domain.trust_evaluation import BrokerInAws

MAX_SESSION_POLICY = 2048
MAX_POLICY_ARNS = 10

LAYERS = (
    "access_rule", "grant", "trust_policy", "role_policies",
    "permissions_boundary", "session_policy", "duration", "quota",
)  # fmt: skip
"""In the order in which they are asked."""


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
    approved: bool = False
    operation: str = ""
    session_policy: Mapping[str, Any] | None = None
    policy_arns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleInAws:
    """What IAM holds of the role now; None where it has no such role."""

    trust: Mapping[str, Any]
    boundary: Mapping[str, Any] | None
    """None where the role has not the boundary of this deployment."""
    max_session_seconds: int
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Attached and inline ones by name; read only where an operation is asked about."""


def explain(rules: AccessRules, question: Question, role: RoleInAws | None, broker: BrokerInAws) -> tuple[Layer, ...]:
    """Every layer's verdict, in order."""
    door = chosen(rules.decide(question.ask).doors, question.ask, approved=question.approved)
    return (
        _access_rule(rules, question.ask, door),
        _grant(question, door),
        _trust(role, broker, question.ask.role.name),
        _role_policies(role, question),
        _boundary(role, question),
        _session_policy(question),
        _duration(question.ask, door, role),
        _quota(question),
    )


def smallest_change(layers: tuple[Layer, ...]) -> str:
    """The first thing to change: layers are asked in order, so it is the first that is closed."""
    return next((layer.change for layer in layers if layer.verdict == "closed"), "")


def _access_rule(rules: AccessRules, ask: Ask, door: Door | None) -> Layer:
    if door is not None:
        return _reason(ask, door)
    verdict = rules.decide(ask)
    if verdict.forbidden_by:
        by = ", ".join(verdict.forbidden_by)
        return Layer("access_rule", "closed", by, f"Forbidden by {by}.", f"Meet the exception of {by}, or change it.")
    near = None if verdict.errors else nearest(rules, ask)
    if near is None:
        return Layer(
            "access_rule", "closed", "default deny", "No rule speaks of this.", "Add a permit to policies/access."
        )
    needs = "; ".join(near.missing)
    return Layer(
        "access_rule", "closed", near.policy, f"Nearest is {near.policy}; missing: {needs}.", f"Provide: {needs}."
    )


def _reason(ask: Ask, door: Door) -> Layer:
    if door.terms.reason_required and not ask.reason_given:
        return Layer("access_rule", "closed", door.policy, f"Rule {door.policy} asks for a reason.", "Give a reason.")
    return Layer("access_rule", "open", door.policy, f"Rule {door.policy} permits it.")


def _grant(question: Question, door: Door | None) -> Layer:
    if door is None:
        return Layer("grant", "not_checked", "", "No rule opens, so no grant could help.")
    if not door.terms.approvals:
        return Layer("grant", "open", door.policy, "No approval is needed.")
    if question.approved:
        return Layer("grant", "open", door.policy, "An approved request covers it.")
    return Layer(
        "grant",
        "closed",
        door.policy,
        f"Rule {door.policy} needs {door.terms.approvals} approval(s) and no grant is active.",
        f"File a request: broker request {question.ask.role.name}",
    )


def _trust(role: RoleInAws | None, broker: BrokerInAws, name: str) -> Layer:
    change = f"Apply its template again: broker roles apply {name}"
    if role is None:
        return Layer("trust_policy", "closed", "IAM", "IAM has no such role.", change)
    found = admittance(role.trust, broker)
    return Layer("trust_policy", found.verdict, found.by, found.detail, change if found.verdict == "closed" else "")


def _role_policies(role: RoleInAws | None, question: Question) -> Layer:
    """What the role's own policies say together; quarantine and revocations are among them."""
    name = "role_policies"
    if role is None:
        return Layer(name, "not_checked", "", "IAM has no such role.")
    together = [
        {**statement, "Sid": f"{policy}, {statement.get('Sid') or f'statement {number}'}"}
        for policy, document in sorted(role.policies.items())
        for number, statement in enumerate(statements(document), 1)
    ]
    change = "Add it to the role's template, or take a role that has it: broker roles"
    return _narrowing(name, {"Statement": together}, question.operation, change)


def _boundary(role: RoleInAws | None, question: Question) -> Layer:
    name = "permissions_boundary"
    if role is None:
        return Layer(name, "not_checked", "", "IAM has no such role.")
    if role.boundary is None:
        apply = f"Apply its template again: broker roles apply {question.ask.role.name}"
        return Layer(name, "closed", "no boundary", "The role has lost the boundary of this deployment.", apply)
    change = "Nobody gets this through a brokered role; policies/boundary.json says why."
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
    word = "denies" if found.effect == "Deny" else "does not mention"
    return Layer(name, "closed", found.statement, f"{found.statement} {word} {operation}.", change)


def _duration(ask: Ask, door: Door | None, role: RoleInAws | None) -> Layer:
    if door is None:
        return Layer("duration", "not_checked", "", "No rule opens, so there is no limit to compare with.")
    limits = {f"rule {door.policy}": max_seconds(door, ask), "role chaining (AWS)": MAX_CHAINED_SECONDS}
    if role is not None:
        limits["the role's MaxSessionDuration"] = role.max_session_seconds
    by = min(limits, key=lambda name: limits[name])
    if ask.duration_given and ask.duration_seconds > limits[by]:
        return Layer(
            "duration", "closed", by, f"At most {limits[by]} seconds.", f"Ask for {limits[by]} seconds or less."
        )
    return Layer("duration", "open", by, f"Sessions of up to {limits[by]} seconds.")


def _quota(question: Question) -> Layer:
    if question.session_policy is not None and len(compact(question.session_policy)) > MAX_SESSION_POLICY:
        detail = f"A session policy has {MAX_SESSION_POLICY} characters at most."
        return Layer("quota", "closed", "STS session policy size", detail, "Shorten it, or use policy_arns.")
    if len(question.policy_arns) > MAX_POLICY_ARNS:
        detail = f"A session takes {MAX_POLICY_ARNS} policy ARNs at most."
        return Layer("quota", "closed", "STS policy ARNs", detail, "Send fewer policy_arns.")
    return Layer("quota", "open", "STS limits", "Within the limits of AssumeRole.")
