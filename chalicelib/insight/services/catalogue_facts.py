"""The catalogue with everything that access rules look at, for those who may read the audit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.core.domain.errors import NotFound, Refused
from chalicelib.core.domain.pages import Page

if TYPE_CHECKING:
    from chalicelib.access.services.rights import Rights
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.services.refusals import RefusalRecorder


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFacts:
    """Cedar's `ReadAudit` on the whole broker decides."""

    rights: Rights
    refusals: RefusalRecorder

    def page(self, limit: int, after: str, origin: Origin) -> Page[Role]:
        """The first `limit` roles after the name `after`."""
        try:
            self.rights.demand("ReadAudit", "", origin)
        except (Refused, NotFound) as refusal:
            raise self.refusals.record(refusal, origin, detail={"action": "ReadAudit"}) from None
        found = tuple(islice(self.rights.catalogue.after(after), limit + 1))
        return Page(found[:limit], found[limit - 1].name if len(found) > limit else None)
