"""Who a caller is beyond the ARN, read from IAM and cached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.services.ttl_cache import TtlCache

if TYPE_CHECKING:
    from typing import Protocol

    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.times import Clock

    class Principals(Protocol):
        """IAM, read only: who a caller is beyond the ARN."""

        def describe(self, caller: Caller) -> Caller:
            """The caller with groups and tags; Refused if the unique id is not the current one."""
            ...

    class People(Protocol):
        """IAM users by name."""

        def user(self, name: str) -> Caller | None:
            """The IAM user of that name with groups and tags, or None."""
            ...


class CachedPrincipals:
    """Callers by unique id: a recreated namesake is another key."""

    def __init__(self, principals: Principals, clock: Clock, seconds: int) -> None:
        self._principals = principals
        self._memory: TtlCache[Caller] = TtlCache(clock, seconds)

    def describe(self, caller: Caller) -> Caller:
        """As the port says, at most `seconds` old."""
        return self._memory.get(f"{caller.unique_id} {caller.arn}", lambda: self._principals.describe(caller))
