"""IAM as explanations read it, on a fake."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import Refused
from chalicelib.core.domain.roles import external_id
from chalicelib.explain.domain.control_policies import ControlPolicies
from chalicelib.explain.domain.layers import RoleInAws
from chalicelib.provisioning.domain.templates import Trust
from chalicelib.provisioning.domain.trust import TrustParties, trust_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.access.domain.facts import Suspension
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.roles import Role

EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass
class FakeIamFacts:
    """IAM with every role as its template makes it, for one deployment."""

    deployment: str
    broker_role: str
    trusts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Of roles whose sessions call the broker, by name."""

    fails_with: Exception | None = None
    denied_there: str = ""
    """An action that a service control policy of member accounts denies."""

    def role(self, role: Role, *, policies: bool) -> RoleInAws | None:
        if self.fails_with:
            raise self.fails_with
        parties = TrustParties(self.broker_role, external_id(self.deployment, role.arn), {})
        known = {"AmazonEC2FullAccess": EVERYTHING} if policies else {}
        return RoleInAws(trust_policy(Trust(), parties), EVERYTHING, 3600, known)

    def control_policies(self, account: str) -> tuple[ControlPolicies, ControlPolicies]:
        if self.fails_with:
            raise self.fails_with
        policies = {"FullAWSAccess": EVERYTHING}
        if self.denied_there:
            policies["guard"] = {"Statement": [{"Effect": "Deny", "Action": self.denied_there, "Resource": "*"}]}
        return ControlPolicies(account, (("r-1", policies),)), ControlPolicies("123456789012", exempt=True)

    def trust(self, role: str) -> Mapping[str, Any] | None:
        return self.trusts.get(role)


@dataclass
class FakeStanding:
    """Suspensions that stand."""

    rows: list[Suspension] = field(default_factory=list)

    def every(self) -> list[Suspension]:
        return self.rows


@dataclass
class FakeMemberCallers:
    """Callers of member accounts, by name."""

    callers: dict[str, Caller] = field(default_factory=dict)

    def by_name(self, name: str) -> Caller:
        if name not in self.callers:
            raise Refused("not in the registry")
        return self.callers[name]
