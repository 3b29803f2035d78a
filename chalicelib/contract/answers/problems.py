"""Problem documents: the answers to refused and failed calls."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457. `code` is the stable word to act on; `detail` says what to do next."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    fields: Annotated[
        dict[str, str] | msgspec.UnsetType, msgspec.Meta(description="Invalid fields, and the form expected of each")
    ] = msgspec.UNSET
    aws_code: Annotated[str | msgspec.UnsetType, msgspec.Meta(description="AWS's own error code")] = msgspec.UNSET
    policies: Annotated[
        tuple[str, ...] | msgspec.UnsetType, msgspec.Meta(description="The access rules that came nearest")
    ] = msgspec.UNSET
    devices: Annotated[
        tuple[str, ...] | msgspec.UnsetType, msgspec.Meta(description="Serial numbers of the caller's MFA devices")
    ] = msgspec.UNSET
