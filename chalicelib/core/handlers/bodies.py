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
        from chalicelib.core.handlers.expectations import in_words  # noqa: PLC0415  most orders fit

        expected, _, place = str(error).partition(" - at `$")
        field = place.strip("`.") or "order"
        raise InvalidRequest(f"{field} does not fit; see fields.", {field: in_words(expected, field, kind)}) from None
