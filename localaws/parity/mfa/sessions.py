"""A session remembers the second factor that was proven for it.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html

A role session has its factor from the call of AssumeRole, or from the user
session that made the call. A role that assumes a role passes none on.
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.core.router import extract_access_key_id
from ministack.services import iam, sts

from localaws.parity.mfa.condition_keys import authenticated_at
from localaws.parity.mfa.proof import OPERATIONS, offered
from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

ACCESS_KEY = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
SHORTEST_SECONDS = 900
LONGEST_SECONDS = {"User": 129_600, "Root": 3_600}


async def handle_request(original: Callable[..., Any], *request: Any) -> Any:
    """AssumeRole and GetSessionToken with the proof checked before, and remembered after."""
    _, _, headers, body, query = request
    params = {**query, **parse_qs(body.decode("utf-8", "replace"))}
    if iam._p(params, "Action") not in OPERATIONS:
        return await original(*request)
    caller = iam_evaluator.resolve_credential(extract_access_key_id(headers, query) or "test", get_account_id())
    refused = _refused(params, caller)
    if refused:
        return refused
    return _remembered(await original(*request), caller)


def _refused(params: dict[str, Any], caller: Any) -> Any:
    """A proof that fails, or a session token for longer than the caller may have one."""
    proof, temporary = offered(), caller.session_token is not None
    own_session = iam._p(params, "Action") == "GetSessionToken"
    if own_session and temporary:
        return None  # ministack refuses it: no session makes another one
    if proof and (problem := proof.check(caller.principal_name, caller.account_id)):
        return iam._error(403, "AccessDenied", problem, ns="sts")
    duration = iam._p(params, "DurationSeconds")
    problem = _duration_problem(int(duration), caller.principal_type) if own_session and duration else None
    return iam._error(400, "ValidationError", problem, ns="sts") if problem else None


def _duration_problem(seconds: int, kind: str) -> str | None:
    longest = LONGEST_SECONDS.get(kind, LONGEST_SECONDS["User"])
    if SHORTEST_SECONDS <= seconds <= longest:
        return None
    bound, word = (SHORTEST_SECONDS, "greater") if seconds < SHORTEST_SECONDS else (longest, "less")
    constraint = f"failed to satisfy constraint: Member must have value {word} than or equal to {bound}"
    return f"1 validation error detected: Value '{seconds}' at 'durationSeconds' {constraint}"


def _remembered(response: Any, caller: Any) -> Any:
    issued = ACCESS_KEY.search(response[2]) if response[0] == HTTPStatus.OK else None
    proof = offered()
    proven_at = time.time() if proof else _passed_on(caller)
    if issued and proven_at:
        sts._sessions[issued[1].decode()]["MfaAt"] = proven_at
    return response


def _passed_on(caller: Any) -> float | None:
    return authenticated_at(caller.access_key_id) if caller.principal_type == "User" else None


def install() -> None:
    """Put the proof around ministack's STS."""
    around(sts, "handle_request", handle_request)
