"""Documents turned into typed bodies."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from chalicelib.core.domain.errors import InvalidRequest

Shape = TypeVar("Shape")


def converted(document: object, kind: type[Shape]) -> Shape:
    """`document` as `kind`; InvalidRequest names the field and what was expected."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        expected, _, place = str(error).partition(" - at `$")
        raise InvalidRequest("The order does not fit; see fields.", {place.strip("`.") or "order": expected}) from None
