"""The first step of every signed view: who asks, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.access.wiring import authentication
from chalicelib.core.handlers.edge import refuse_query, request_id

if TYPE_CHECKING:
    from chalice.app import Request

    from chalicelib.core.domain.events import Origin


def authenticate(request: Request, *, brokered: bool = False, reads_query: bool = False) -> Origin:
    """The verified caller and where the request comes from: the request context only, never body or headers.

    Every signed view calls it before it reads query or body, so that a caller
    that the broker does not serve is refused and on record, whatever was sent.
    `brokered` admits sessions that the broker issued. A query is refused,
    unless the view `reads_query` and refuses the parameters it does not know.
    """
    identity = request.context.get("identity") or {}
    origin = authentication().authenticate(identity, request_id(request), brokered=brokered)
    if not reads_query:
        refuse_query(request)
    return origin
