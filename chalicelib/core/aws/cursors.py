"""Cursors of lists: opaque to callers, and nothing but one of ours is read."""

from __future__ import annotations

import base64
import json
from typing import Any

from chalicelib.core.domain.errors import InvalidRequest

LONGEST = 4096
"""Characters; AWS's own tokens, which some cursors carry, have about a thousand."""


def encoded(value: Any) -> str:
    """A value of JSON as a cursor."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def decoded(cursor: str) -> Any:
    """The value in a cursor, whatever it is; InvalidRequest for what was never one."""
    if len(cursor) > LONGEST:
        raise bad_cursor()
    try:
        return json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
    except (ValueError, RecursionError) as error:
        raise bad_cursor() from error


def bad_cursor() -> InvalidRequest:
    """The error for a cursor that the list did not give out."""
    return InvalidRequest("The cursor is not one this list gave you.", {"cursor": "use next_cursor as it came"})
