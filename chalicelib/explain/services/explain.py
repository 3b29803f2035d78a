"""Explain, to the caller or to one with the right, which layers decide about a role."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.facts import PERSONS
from chalicelib.access.domain.rules import Ask
from chalicelib.core.domain.callers import Caller, source_identity
from chalicelib.core.domain.errors import (
    AwsUnavailable,
    BrokerError,
    NoSuchRole,
    NotFound,
    Refused,
    RefusedByAws,
    TooManyRequests,
)
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS, Role, external_id
from chalicelib.explain.domain import control_policies
from chalicelib.explain.domain.control_policies import ControlPolicies
from chalicelib.explain.domain.layers import Layer, Question, RoleInAws, explain, smallest_change
from chalicelib.explain.domain.trust_evaluation import BrokerInAws

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from chalicelib.access.services.principals import People
    from chalicelib.access.services.rights import Rights
    from chalicelib.approvals.services.stores import Grants
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.services.refusals import RefusalRecorder
    from chalicelib.explain.services.callers import CallerExplainer

    class MemberCallers(Protocol):
        """Callers of member accounts."""

        def by_name(self, name: str) -> Caller:
            """The caller of that name; Refused says why it would not be let in."""
            ...

    class IamFacts(Protocol):
        """IAM, read only, for explanations."""

        def role(self, role: Role, *, policies: bool) -> RoleInAws | None:
            """The role as IAM of its account holds it, or None; with `policies`, those too."""
            ...

        def control_policies(self, account: str) -> tuple[ControlPolicies, ControlPolicies]:
            """The service control policies that bind the member account, and those that bind the broker's."""
            ...


@dataclass(frozen=True, slots=True)
class ExplainAsk:
    """The question. Without `caller`, it is about the one who asks. `mfa`: as if the caller had proven MFA."""

    role: str
    caller: str = ""
    action: str = "TakeCredentials"
    duration_seconds: int | None = None
    reason: str = ""
    operation: str = ""
    policy: Mapping[str, Any] | None = None
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    mfa: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """The layers in order, and the first thing to change."""

    caller: str
    role: str
    allowed: bool
    layers: tuple[Layer, ...]
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    """Reads only; a refusal to explain another caller is recorded. `members` is called only for members' callers."""

    deployment: str
    broker_role_arn: str
    rights: Rights
    people: People
    members: Callable[[], MemberCallers]
    callers: CallerExplainer
    iam: IamFacts
    grants: Grants
    refusals: RefusalRecorder

    def explain(self, wanted: ExplainAsk, origin: Origin) -> Explanation:
        """Every layer's verdict; NotFound for a role that neither the asker nor, where allowed, the other may see."""
        subject = self._subject(wanted, origin)
        role = self.rights.catalogue.get(wanted.role)
        if role is None or not self._visible(role, origin):
            raise NoSuchRole
        ask = self._ask(wanted, subject, role, origin)
        in_aws, unread = self._in_aws(role, wanted)
        question = Question(
            ask=ask,
            grants=tuple(self.grants.held(subject.unique_id, role.name, ask.at)),
            operation=wanted.operation,
            session_policy=wanted.policy,
            policy_arns=wanted.policy_arns,
            unread=unread,
        )
        broker = BrokerInAws(self.broker_role_arn, external_id(self.deployment, role.arn), source_identity(subject))
        of_role = explain(self.rights.rules, question, in_aws, broker)
        layers = (*self.callers.layers(subject), *self._under_control_policies(role, wanted, of_role))
        allowed = all(layer.verdict != "closed" for layer in layers)
        return Explanation(subject.name, role.name, allowed, layers, smallest_change(layers))

    def _in_aws(self, role: Role, wanted: ExplainAsk) -> tuple[RoleInAws | None, str]:
        """The role, or why it could not be read. If an account is out of reach, only the layers of IAM are missing."""
        if role.home is None:
            return self.iam.role(role, policies=bool(wanted.operation)), ""
        if not role.home.served:
            return None, "The account is not served"
        try:
            return self.iam.role(role, policies=True), ""
        except (AwsUnavailable, RefusedByAws, TooManyRequests) as error:
            return None, error.detail.rstrip(".")

    def _under_control_policies(self, role: Role, wanted: ExplainAsk, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        """For a role of a member account, put the organisation's layer behind the account's own."""
        if role.home is None:
            return layers
        try:
            member, hub = self.iam.control_policies(role.account)
        except BrokerError as error:
            member = hub = ControlPolicies(role.account, unread=error.detail.rstrip("."))
        account, *others = layers
        return account, control_policies.layer(member, hub, role.arn, wanted.operation), *others

    def _subject(self, wanted: ExplainAsk, origin: Origin) -> Caller:
        """The caller to explain; Refused unless it is oneself or the rules allow explaining others."""
        if wanted.caller in ("", origin.caller.name):
            return origin.caller
        try:
            self.rights.demand("ExplainOthers", wanted.role, origin)
        except (Refused, NotFound) as refusal:
            detail = {"action": "ExplainOthers", "about": wanted.caller}
            self.refusals.record(refusal, origin, role=wanted.role, detail=detail)
            raise
        if ":" in wanted.caller:
            return self._member(wanted.caller)
        subject = self.people.user(wanted.caller)
        if subject is None:
            raise NotFound(f"IAM has no user {wanted.caller}.")
        return subject

    def _member(self, name: str) -> Caller:
        """The role session of a member account; NotFound says why it would not be let in."""
        if not name.partition("/")[2] or name.partition(":")[2].startswith(f"{PERSONS}/"):
            raise NotFound(
                "Callers of member accounts are named ACCOUNT ID:ROLE/SESSION, also those of Identity Center."
            )
        try:
            return self.members().by_name(name)
        except Refused as refusal:
            raise NotFound(refusal.detail) from None

    def _visible(self, role: Role, origin: Origin) -> bool:
        ask = Ask.of("TakeCredentials", origin, role, self.rights.clock(), reason_given=True)
        return bool(self.rights.rules.evaluate(ask).doors or self.rights.rules.evaluate(ask.on("SeeRole")).doors)

    def _ask(self, wanted: ExplainAsk, subject: Caller, role: Role, origin: Origin) -> Ask:
        return Ask(
            action=wanted.action,
            caller=subject,
            role=role,
            at=self.rights.clock(),
            source_ip=origin.source_ip,
            duration_seconds=wanted.duration_seconds or MAX_CHAINED_SECONDS,
            duration_given=wanted.duration_seconds is not None,
            reason_given=bool(wanted.reason),
            session_policy_given=wanted.policy is not None or bool(wanted.policy_arns),
            session_tags=tuple(sorted(wanted.tags)),
            mfa=wanted.mfa or (origin.mfa and subject == origin.caller),
        )
