"""The roles that the broker knows, read from the table and cached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.services.ttl_cache import TtlCache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from chalicelib.core.domain.roles import Role
    from chalicelib.core.domain.times import Clock

    class Catalogue(Protocol):
        """The roles the broker knows: rows written by the provisioner alone."""

        def get(self, name: str) -> Role | None:
            """The role of that name, or None."""
            ...

        def after(self, name: str) -> Iterator[Role]:
            """Every role whose name comes after `name`, in order of name, read as far as it is looked at."""
            ...


class CachedCatalogue:
    """Roles by name, cached. A missing role is not cached, because it may be made at any moment."""

    def __init__(self, catalogue: Catalogue, clock: Clock, seconds: int) -> None:
        self._catalogue = catalogue
        self._memory: TtlCache[Role] = TtlCache(clock, seconds)

    def get(self, name: str) -> Role | None:
        """As the port says, at most `seconds` old."""
        try:
            return self._memory.get(name, lambda: self._present(name))
        except LookupError:
            return None

    def note(self, name: str, role: Role | None) -> None:
        """Take over a role that was read elsewhere at this moment; None: there is none of that name."""
        if role is None:
            self._memory.forget(name)
        else:
            self._memory.put(name, role)

    def after(self, name: str) -> Iterator[Role]:
        """As the port says; lists are always read anew."""
        return self._catalogue.after(name)

    def _present(self, name: str) -> Role:
        role = self._catalogue.get(name)
        if role is None:
            raise LookupError(name)
        return role
