"""From a reviewed template to the state IAM shall hold, or to a refusal that names what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.callers import USER_NAME
from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.roles import ROLE_PATH, boundary_of, external_id, split_role_name
from chalicelib.provisioning.domain.role_state import RoleState, desired_state, guarded
from chalicelib.provisioning.domain.templates import check_form, managed_policy_arn
from chalicelib.provisioning.domain.trust import TrustParties, trust_policy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from chalicelib.core.domain.roles import Tier
    from chalicelib.provisioning.domain.escalation import EscalationPaths
    from chalicelib.provisioning.domain.templates import RoleTemplate
    from chalicelib.provisioning.domain.tiers import TierRules
    from chalicelib.provisioning.services.sign_in import UserAdmin

    class PolicyLibrary(Protocol):
        """Managed policies."""

        def document(self, arn: str) -> Mapping[str, Any] | None:
            """The default version's document, or None where there is no such policy."""
            ...


GUARDS: Mapping[Tier, tuple[str, ...]] = {
    "workload": ("permissions", "other-roles"),
    "operator": ("permissions", "operator"),
    "deployer": ("deployer",),
}
"""The guard policies of each tier (policies/guards)."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """This deployment's name, function role and boundary: the parts of Config that provisioning needs."""

    name: str
    broker_role_arn: str
    boundary_arn: str
    guard_arns: tuple[str, ...] = ()

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-eusc` or `aws-us-gov`."""
        return self.broker_role_arn.split(":")[1]

    @property
    def account(self) -> str:
        """Twelve digits."""
        return self.broker_role_arn.split(":")[4]

    @property
    def sign_in_arn(self) -> str:
        """The policy of users who may only sign in: it is named as the boundary is (.chalice/resources.json)."""
        return f"{self.boundary_arn.removesuffix('-boundary')}-sign-in-only"

    def guards(self, tier: Tier) -> tuple[str, ...]:
        """The ARNs of the guard policies of a role of this tier."""
        names = tuple(f"-guard-{name}" for name in GUARDS[tier])
        return tuple(arn for arn in self.guard_arns if arn.endswith(names))

    def role_arn(self, role: str) -> str:
        """The ARN of a role under our path, in its account."""
        account, own = split_role_name(role)
        return f"arn:{self.partition}:iam::{account or self.account}:role{ROLE_PATH}{own}"

    def where(self, role: str) -> Deployment:
        """The same in the role's account: boundary and guards have the same names there (policytool/spoke.py)."""
        account, _ = split_role_name(role)
        if not account:
            return self
        moved = [arn.replace(f":{self.account}:", f":{account}:", 1) for arn in (self.boundary_arn, *self.guard_arns)]
        return replace(self, boundary_arn=moved[0], guard_arns=tuple(moved[1:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateCompiler:
    """Reads IAM (users, managed policies), writes nothing."""

    deployment: Deployment
    policies: PolicyLibrary
    users: UserAdmin
    paths: EscalationPaths
    tiers: Mapping[Tier, TierRules]

    def compile(self, template: RoleTemplate) -> tuple[RoleState, tuple[str, ...]]:
        """The wanted state and warnings; InvalidRequest or UnsafeTemplate with the fields at fault."""
        check_form(template)
        documents = self._documents(template)
        warnings = self.tiers[template.tier].check(self.paths, documents)
        trust = trust_policy(template.trust, self._parties(template))
        deployment = self.deployment.where(template.name)
        boundary = boundary_of(template.tier, deployment.boundary_arn)
        state = desired_state(template, trust, boundary, deployment.name, deployment.partition)
        return guarded(state, deployment.guards(template.tier)), warnings

    def _documents(self, template: RoleTemplate) -> dict[str, Mapping[str, Any]]:
        """Every policy document the role would have, by the name to blame."""
        documents: dict[str, Mapping[str, Any]] = {}
        if template.inline_policy:
            documents["inline_policy"] = template.inline_policy
        for name in template.managed_policies:
            document = self.policies.document(managed_policy_arn(name, self.deployment.partition))
            if document is None:
                raise InvalidRequest(
                    f"There is no managed policy {name}.",
                    {"managed_policies": f"{name}: a name of AWS's own (with its path, if it has one) or an ARN"},
                )
            documents[name] = document
        return documents

    def _parties(self, template: RoleTemplate) -> TrustParties:
        return TrustParties(
            broker_role_arn=self.deployment.broker_role_arn,
            external_id=external_id(self.deployment.name, self.deployment.role_arn(template.name)),
            user_arns={name: self._user_arn(name) for name in template.trust.direct_users if _is_name(name)},
        )

    def _user_arn(self, name: str) -> str:
        user = self.users.read(name)
        if user is None or user.name != name:  # IAM finds a name in any letter case
            raise InvalidRequest(
                f"There is no user {name} to trust. Create it first: broker users create {name}",
                {"trust.direct_users": f"{name}: no such user in this account"},
            )
        return user.arn


def _is_name(text: str) -> bool:
    """True if this can only be a user name; the trust rules judge everything else and name what it is."""
    return USER_NAME.fullmatch(text) is not None and not text.isdecimal() and ".amazonaws.com" not in text
