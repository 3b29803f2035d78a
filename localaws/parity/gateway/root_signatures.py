"""The root of an account signs like every other caller.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html

ministack lets a request with the root's key id pass whatever its signature
says, so that a forged one would act as root.
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.router import extract_access_key_id
from ministack.core.sigv4 import decode_header_value

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable


def pin_signed_request(
    original: Callable[..., None], method: str, raw_path: str, query: dict[str, Any], raw_headers: Any, **more: Any
) -> None:
    """Keep the request for its signature check, the root's too."""
    original(method, raw_path, query, raw_headers, **more)
    headers = _joined(raw_headers)
    key = extract_access_key_id(headers, query)
    if iam_evaluator._signed_request.get() or not key or not iam_evaluator._is_root_key(key):
        return
    presigned = not headers.get("authorization", "").startswith("AWS4-HMAC-SHA256")
    if not (presigned and iam_evaluator._s3_presigned_query(query)):
        iam_evaluator._signed_request.set(
            iam_evaluator.SignedRequest(key, method, raw_path, query, headers, presigned=presigned)
        )


def _joined(raw_headers: Any) -> dict[str, str]:
    """The headers by lower-case name; one that came on several lines has its values joined by a comma."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw_headers:
        name, value = raw_name.decode("latin-1").lower(), decode_header_value(raw_value)
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def install() -> None:
    """Let no key id through without its secret."""
    around(app, "pin_signed_request", pin_signed_request)
    iam_evaluator.pin_signed_request = app.pin_signed_request
