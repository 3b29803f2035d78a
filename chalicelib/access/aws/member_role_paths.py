"""Paths of roles in member accounts, looked up by the provision function, which alone gets in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from chalicelib.core.domain.errors import BrokerError, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Protocol

    from chalicelib.core.domain.times import Clock

    class Orders(Protocol):
        """The provision function."""

        def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
            """The result of an order; the error of the other side, raised again."""
            ...


ACTION = "member_caller_role"
"""The order that the provision function takes (provisioning/handlers/member_role_facts.py)."""

KEPT = 1024
"""Roles kept per container."""

LEFT_ALONE = timedelta(seconds=10)
"""How long a container does not ask again after a failure: callers must not keep the provision function busy."""


class MemberRolePaths:
    """Keeps the path of each role by its unique id: the path never changes, and IAM gives no unique id twice."""

    def __init__(self, provisioner: Orders, clock: Clock) -> None:
        self._provisioner, self._clock = provisioner, clock
        self._paths: dict[str, str] = {}
        self._failed: dict[str, tuple[datetime, BrokerError]] = {}

    def path(self, account: str, role: str, unique_id: str) -> str:
        """The path of the role; Refused where IAM there has none of that name and id."""
        if unique_id not in self._paths:
            self._check_left_alone(account, unique_id)
            self._read(account, role, unique_id)
        return self._paths[unique_id]

    def unique_id(self, account: str, role: str) -> str:
        """The unique id of the role that has this name now; Refused where there is none."""
        found = self._look(account, role)
        if found is None:
            raise Refused(f"Account {account} has no role {role}.")
        _keep(self._paths, found["unique_id"], found["path"])
        return found["unique_id"]

    def _read(self, account: str, role: str, unique_id: str) -> None:
        try:
            found = self._look(account, role)
        except BrokerError as failure:
            self._fail(account, failure)
        if found is None or found["unique_id"] != unique_id:
            deleted = "The role behind this session was deleted; its old credentials count for nothing here."
            self._fail(unique_id, Refused(deleted))
        _keep(self._paths, unique_id, found["path"])

    def _look(self, account: str, role: str) -> dict[str, str] | None:
        order = {"action": ACTION, "account": account, "role": role}
        found: dict[str, str] | None = self._provisioner.order(order)["role"]
        return found

    def _check_left_alone(self, *keys: str) -> None:
        for at, failure in (self._failed[key] for key in keys if key in self._failed):
            if self._clock() - at < LEFT_ALONE:
                raise failure

    def _fail(self, key: str, failure: BrokerError) -> NoReturn:
        _keep(self._failed, key, (self._clock(), failure))
        raise failure


def _keep(kept: dict[str, Any], key: str, value: Any) -> None:
    """Remember a value; the oldest leaves first."""
    if len(kept) >= KEPT:
        kept.pop(next(iter(kept)), None)
    kept[key] = value
