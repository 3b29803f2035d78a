"""Names of users, groups, roles, instance profiles and policies are unique whatever the letter case.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html ("UserName")
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import Any

from ministack.services import iam

from localaws.parity.iam.guards import Guard, Refusal, put


def unique(kind: str, parameter: str, taken: Any) -> Guard:
    """A guard that refuses a name which is taken, whatever its letter case."""

    def guard(params: dict[str, Any]) -> Refusal | None:
        name = iam._p(params, parameter)
        if name.lower() not in {one.lower() for one in taken()}:
            return None
        return Refusal(409, "EntityAlreadyExists", f"{kind} with name {name} already exists.")

    return guard


def _policies() -> list[str]:
    return [policy["PolicyName"] for policy in iam._policies.values()]


def install() -> None:
    """Put the guards before the operations that create."""
    put(
        {
            unique("User", "UserName", iam._users.keys): ("CreateUser",),
            unique("Role", "RoleName", iam._roles.keys): ("CreateRole",),
            unique("Group", "GroupName", iam._groups.keys): ("CreateGroup",),
            unique("Instance Profile", "InstanceProfileName", iam._instance_profiles.keys): ("CreateInstanceProfile",),
            unique("Policy", "PolicyName", _policies): ("CreatePolicy",),
        }
    )
