"""IAM and STS speak the Query protocol only.

https://docs.aws.amazon.com/IAM/latest/APIReference/CommonParameters.html
https://docs.aws.amazon.com/STS/latest/APIReference/CommonParameters.html

ministack takes JSON as well, and would then judge a request by none of its
parameters: neither the role nor the external id would be known to a policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import iam, sts

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

UNKNOWN = '{"__type": "UnknownOperationException", "message": "This service does not speak JSON."}'


async def handle_request(original: Callable[..., Any], method: str, path: str, headers: Any, *more: Any) -> Any:
    """The request, unless it is in JSON."""
    if "json" in headers.get("content-type", "") or "x-amz-target" in headers:
        return 404, {"Content-Type": "application/json"}, UNKNOWN.encode()
    return await original(method, path, headers, *more)


def install() -> None:
    """Refuse JSON before any other rule reads the request."""
    around(iam, "handle_request", handle_request)
    around(sts, "handle_request", handle_request)
