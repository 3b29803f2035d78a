"""Roles of every account for explanations: a member's IAM is read by the provision function, which alone gets in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.roles import boundaries_of, split_role_name
from chalicelib.explain.domain.control_policies import ControlPolicies
from chalicelib.explain.domain.layers import RoleInAws

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from chalicelib.core.domain.roles import Role
    from chalicelib.explain.aws.iam_facts import ReadOnlyIam

    class Orders(Protocol):
        """The provision function."""

        def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
            """The result of an order; the error of the other side, raised again."""
            ...


ACTION = "member_role_facts"
CONTROL_POLICIES = "control_policies"
"""The orders that the provision function takes (LOOKS in provisioning/handlers/function.py)."""


class RolesOfAccounts:
    """The port IamFacts. A member account has the boundaries and guards of the hub, under the same names."""

    def __init__(self, home: ReadOnlyIam, provisioner: Orders, boundary_arn: str) -> None:
        self.home, self._provisioner, self._boundary_arn = home, provisioner, boundary_arn

    def role(self, role: Role, *, policies: bool) -> RoleInAws | None:
        """The role as IAM of its account holds it, or None; with `policies`, those too.

        AwsUnavailable and its kin where the account does not let the broker in.
        """
        account, _ = split_role_name(role.name)
        if not account:
            return self.home.role(role.arn, policies=policies)
        order = {"action": ACTION, "role": role.name, "role_arn": role.arn}
        found = self._provisioner.order(order)["role"]
        return self._of_member(found, account) if found else None

    def control_policies(self, account: str) -> tuple[ControlPolicies, ControlPolicies]:
        """The service control policies that bind the member account, and those that bind the broker's."""
        answer = self._provisioner.order({"action": CONTROL_POLICIES, "account": account})
        home = self._boundary_arn.split(":")[4]
        return _control_policies(account, answer["member"]), _control_policies(home, answer["home"])

    def _of_member(self, found: Mapping[str, Any], account: str) -> RoleInAws:
        home = self._boundary_arn.split(":")[4]

        def in_the_hub(arn: str) -> str:
            return arn.replace(f"::{account}:", f"::{home}:")

        boundary = in_the_hub(found["boundary"])
        read = self.home.policy(boundary) if boundary in boundaries_of(self._boundary_arn) else None
        inline = {f"inline policy {name}": document for name, document in found["inline"].items()}
        attached = {arn: self.home.policy(in_the_hub(arn)) or {} for arn in found["attached"]}
        return RoleInAws(found["trust"], read, found["max_session_seconds"], {**inline, **attached})


def _control_policies(account: str, found: Mapping[str, Any]) -> ControlPolicies:
    levels = tuple((level["target"], level["policies"]) for level in found.get("levels", ()))
    return ControlPolicies(account, levels, found.get("exempt", False), found.get("unread", ""))
