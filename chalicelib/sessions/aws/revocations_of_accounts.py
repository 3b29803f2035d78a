"""The revocation policies of roles of every account: each is written where the role is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.roles import split_role_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.sessions.aws.revocation_policy import IamRevocationPolicy


class RevocationsOfAccounts:
    """The port RevocationPolicy. A role of a member account is named `ACCOUNT ID:ROLE` here, and `ROLE` in its IAM."""

    def __init__(self, home: IamRevocationPolicy, member: Callable[[str], IamRevocationPolicy]) -> None:
        self._home, self._member = home, member

    def others(self, role: str) -> int:
        """Characters that the role's other inline policies take."""
        policy, own = self._of(role)
        return policy.others(own)

    def current(self, role: str) -> Mapping[str, Any] | None:
        """The policy that IAM has now, or None."""
        policy, own = self._of(role)
        return policy.current(own)

    def put(self, role: str, document: Mapping[str, Any]) -> None:
        """Replace the policy; NotFound if the role is gone."""
        policy, own = self._of(role)
        policy.put(own, document)

    def remove(self, role: str) -> None:
        """Take the policy away."""
        policy, own = self._of(role)
        policy.remove(own)

    def _of(self, role: str) -> tuple[IamRevocationPolicy, str]:
        account, own = split_role_name(role)
        return (self._member(account) if account else self._home), own
