"""IAM as explanations read it, on a fake."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.roles import external_id
from chalicelib.explain.domain.layers import RoleInAws
from chalicelib.provisioning.domain.templates import Trust
from chalicelib.provisioning.domain.trust import TrustParties, trust_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.access.domain.facts import Suspension

EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass
class FakeIamFacts:
    """IAM with every role as its template makes it, for one deployment."""

    deployment: str
    broker_role: str
    trusts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Of roles whose sessions call the broker, by name."""

    def role(self, arn: str) -> RoleInAws | None:
        parties = TrustParties(self.broker_role, external_id(self.deployment, arn), {})
        return RoleInAws(trust_policy(Trust(), parties), EVERYTHING, 3600)

    def trust(self, role: str) -> Mapping[str, Any] | None:
        return self.trusts.get(role)

    def policies(self, _arn: str) -> dict[str, Mapping[str, Any]]:
        return {"AmazonEC2FullAccess": EVERYTHING}


@dataclass
class FakeStanding:
    """Suspensions that stand."""

    rows: list[Suspension] = field(default_factory=list)

    def every(self) -> list[Suspension]:
        return self.rows
