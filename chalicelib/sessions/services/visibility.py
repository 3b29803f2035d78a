"""Answers about things of other callers: to a caller who may not see them, they do not exist."""

from __future__ import annotations

from chalicelib.core.domain.errors import BrokerError, NotFound, Refused


def as_seen(refusal: BrokerError, absent: str, *, sees: bool) -> BrokerError:
    """The refusal as this caller may know it: `absent` unless the caller sees the thing.

    A refusal that says how to be admitted (a reason is missing, say) is told:
    only a caller whom a rule would admit gets one.
    """
    if isinstance(refusal, NotFound) or (type(refusal) is Refused and not sees):
        return NotFound(absent)
    return refusal
