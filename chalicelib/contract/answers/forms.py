"""Forms that many answers share."""

from __future__ import annotations

from typing import Annotated

import msgspec

Id = Annotated[
    str,
    msgspec.Meta(pattern=r"^[0-7][0-9a-hjkmnp-tv-z]{25}$(?!\n)", description="A ULID in lower case: sorts by time"),
]
Instant = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$(?!\n)",
        description="RFC 3339, in UTC",
        extra_json_schema={"format": "date-time"},
    ),
]
Cursor = Annotated[str | None, msgspec.Meta(description="For the next page; null on the last one")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="SHA-256, in hex")]

SCHEMAS = "#/components/schemas/"
"""Where /openapi.json keeps the types."""
