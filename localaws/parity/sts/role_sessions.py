"""AssumeRole as AWS performs it: constraints, source identity, session tags, chains.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id
from ministack.services import iam, sts

from localaws.parity.iam import characters
from localaws.parity.sts import constraints, packed_policy
from localaws.parity.sts.trust import role_of
from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

ACCESS_KEY = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
SOURCE_IDENTITY = re.compile(r"(</AssumedRoleUser>)")
PACKED_SIZE = re.compile(r"<PackedPolicySize>\d+<")

_source_identity: ContextVar[str] = ContextVar("source_identity", default="")


@dataclass(frozen=True, slots=True)
class Ask:
    """One AssumeRole request and its caller."""

    access_key: str
    role_arn: str
    params: dict[str, Any]
    caller: iam_evaluator.PrincipalInfo
    source_identity: str | None
    """The one in the request, else the one the caller's session already carries."""

    @property
    def chained(self) -> bool:
        """True if a role assumes a role."""
        return bool(self.caller.type == "AssumedRole")

    @property
    def packed(self) -> packed_policy.Packed:
        """The size of session policies and session tags."""
        tags = {tag["Key"]: tag["Value"] for tag in iam._extract_tags(self.params)}
        passed, _ = sts._session_policies(self.params, check=False)
        return packed_policy.packed(passed["Policy"], passed["PolicyArns"], tags)

    def value(self, name: str) -> str:
        """One parameter of the request, empty when absent."""
        return str(iam._p(self.params, name))

    def refusal(self, action: str) -> Any:
        """AccessDenied as STS words it."""
        message = f"User: {self.caller.arn} is not authorized to perform: {action} on resource: {self.role_arn}"
        return iam._error(403, "AccessDenied", message, ns="sts")


async def handle_request(original: Callable[..., Any], *request: Any) -> Any:
    """STS of ministack, with AssumeRole checked before and stamped after."""
    _, _, headers, body, query = request
    params = {**query, **parse_qs(body.decode("utf-8", "replace"))}
    if iam._p(params, "Action") != "AssumeRole":
        return await original(*request)
    ask = _ask(headers, query, params)
    if problem := _invalid(ask) or _forbidden(ask) or _too_large(ask):
        return problem
    told = _source_identity.set(ask.value("SourceIdentity"))
    try:
        return _stamped(await original(*request), ask)
    finally:
        _source_identity.reset(told)


def _ask(headers: dict[str, str], query: dict[str, Any], params: dict[str, Any]) -> Ask:
    access_key = extract_access_key_id(headers, query) or "test"
    caller = iam_evaluator.resolve_principal(access_key, get_account_id())
    inherited = caller.keys.get("aws:sourceidentity")
    return Ask(
        access_key, str(iam._p(params, "RoleArn")), params, caller, iam._p(params, "SourceIdentity", None) or inherited
    )


def _invalid(ask: Ask) -> Any:
    problem = (
        constraints.name_problem("roleSessionName", ask.value("RoleSessionName"))
        or (ask.source_identity and constraints.name_problem("sourceIdentity", ask.source_identity))
        or (None if characters.ALLOWED.fullmatch(ask.value("Policy")) else characters.problem("Policy"))
        or constraints.duration_problem(
            ask.value("DurationSeconds"),
            role_maximum=(role_of(ask.role_arn) or {}).get("MaxSessionDuration", constraints.LONGEST_SECONDS),
            chained=ask.chained,
        )
    )
    return iam._error(400, "ValidationError", problem, ns="sts") if problem else None


def _forbidden(ask: Ask) -> Any:
    """AccessDenied unless caller, trust policy and chain allow everything the request asks for."""
    if ask.caller.type == "Root":
        return iam._error(403, "AccessDenied", "Roles may not be assumed by root accounts.", ns="sts")
    role = role_of(ask.role_arn)
    if role is None:
        return ask.refusal("sts:AssumeRole")
    if ask.caller.keys.get("aws:sourceidentity", ask.source_identity) != ask.source_identity:
        return ask.refusal("sts:SetSourceIdentity")
    actions = ["sts:AssumeRole", *_stamping_actions(ask)]
    refused = next((action for action in actions if not _allowed(ask, action, role)), None)
    return ask.refusal(refused) if refused else None


def _too_large(ask: Ask) -> Any:
    problem = ask.packed.problem
    return iam._error(400, "PackedPolicyTooLarge", problem, ns="sts") if problem else None


def _stamping_actions(ask: Ask) -> list[str]:
    stamps = {"sts:SetSourceIdentity": ask.source_identity, "sts:TagSession": ask.value("Tags.member.1.Key")}
    return [action for action, asked in stamps.items() if asked]


def _allowed(ask: Ask, action: str, role: dict[str, Any]) -> bool:
    """Both sides: the trust policy, and an identity policy unless the trust policy names the caller."""
    found = iam_actions.request_tag_context("sts", "sts:AssumeRole", b"", ask.params)
    keys = {key.lower(): value for key, value in found.items()}
    context = iam_evaluator.EvalContext(
        principal_arn=ask.caller.arn,
        principal_type=ask.caller.type,
        principal_account=ask.caller.account,
        action=action,
        resource_arn=ask.role_arn,
        region=get_region(),
        service_context=keys,
        principal_keys=ask.caller.keys,
    )
    trusted = iam_evaluator.evaluate_trust_policy(role["AssumeRolePolicyDocument"], ask.caller.arn, context)
    denied = iam_evaluator.enforce(
        ask.access_key, action, "sts", get_region(), resource_arn=ask.role_arn, service_context=keys
    )
    return bool(trusted and denied is None)


def _evaluate_trust(original: Callable[..., bool], document: Any, caller_arn: str, context: Any = None) -> bool:
    """The trust policy check of ministack, with the source identity added to the context."""
    asked = _source_identity.get()
    if context is not None and asked:
        context = replace(context, service_context={**context.service_context, "sts:sourceidentity": asked})
    return original(document, caller_arn, context)


def _stamped(response: Any, ask: Ask) -> Any:
    """Keep the source identity in the session. Put it into the answer, with the used part of the packed size."""
    status, headers, body = response
    issued = ACCESS_KEY.search(body)
    if status != HTTPStatus.OK or not issued:
        return response
    told = PACKED_SIZE.sub(f"<PackedPolicySize>{ask.packed.size}<", body.decode())
    if ask.source_identity:
        sts._sessions[issued[1].decode()]["SourceIdentity"] = ask.source_identity
        told = SOURCE_IDENTITY.sub(rf"\1<SourceIdentity>{ask.source_identity}</SourceIdentity>", told)
    return status, headers, told.encode()


def install() -> None:
    """Put AssumeRole's rules around ministack's STS."""
    around(sts, "handle_request", handle_request)
    around(iam_evaluator, "evaluate_trust_policy", _evaluate_trust)
