"""Paths of roles in member accounts, looked up by the provision function, which alone gets in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    class Orders(Protocol):
        """The provision function."""

        def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
            """The result of an order; the error of the other side, raised again."""
            ...


ACTION = "member_caller_role"
"""The order that the provision function takes (provisioning/handlers/member_role_facts.py)."""

KEPT = 1024
"""Roles kept per container."""


class MemberRolePaths:
    """The path of a role never changes, nor does another role get its unique id: what was read once is kept."""

    def __init__(self, provisioner: Orders) -> None:
        self._provisioner = provisioner
        self._paths: dict[str, str] = {}

    def path(self, account: str, role: str, unique_id: str) -> str:
        """The path of the role; Refused where IAM there has none of that name and id."""
        if unique_id not in self._paths:
            self._keep(unique_id, self._read(account, role, unique_id))
        return self._paths[unique_id]

    def unique_id(self, account: str, role: str) -> str:
        """The unique id of the role that has this name now; Refused where there is none."""
        found = self._look(account, role)
        if found is None:
            raise Refused(f"Account {account} has no role {role}.")
        self._keep(found["unique_id"], found["path"])
        return found["unique_id"]

    def _read(self, account: str, role: str, unique_id: str) -> str:
        found = self._look(account, role)
        if found is None or found["unique_id"] != unique_id:
            raise Refused("The role behind this session was deleted; its old credentials count for nothing here.")
        return found["path"]

    def _look(self, account: str, role: str) -> dict[str, str] | None:
        found: dict[str, str] | None = self._provisioner.order({"action": ACTION, "account": account, "role": role})[
            "role"
        ]
        return found

    def _keep(self, unique_id: str, path: str) -> None:
        if len(self._paths) >= KEPT:
            self._paths.pop(next(iter(self._paths)))
        self._paths[unique_id] = path
