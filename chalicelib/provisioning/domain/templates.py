"""Role templates: what a reviewed file (policies/roles) asks for, checked in form before AWS sees it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.policy_documents import compact
from chalicelib.core.domain.policy_grammar import document_problems, foreign_characters, statement_problems
from chalicelib.core.domain.roles import (
    ACCOUNT_ID,
    DEPLOYMENT_TAG,
    MANAGED_TAG,
    ROLE_NAME,
    ROLE_PATH,
    SESSION_TAG,
    split_role_name,
)
from chalicelib.provisioning.domain.trust_exceptions import EXCEPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.core.domain.roles import Tier

    Fields = dict[str, str]


RESERVED_TAGS = frozenset({MANAGED_TAG, SESSION_TAG, DEPLOYMENT_TAG})

DESCRIPTION = re.compile(r"[\t\n -~\u00a1-\u00ff]{0,1000}")
"""IAM's own pattern without carriage returns, which XML does not carry back."""
TAG_KEY = re.compile(r"[\w\s.:/=+@-]{1,128}")
TAG_VALUE = re.compile(r"[\w\s.:/=+@-]{0,256}")

MIN_SESSION_SECONDS, MAX_SESSION_SECONDS = 3600, 43200
"""IAM CreateRole, MaxSessionDuration."""

MAX_MANAGED_POLICIES = 8
"""IAM's quota of ten managed policies per role, less the two guards (policies/guards)."""

MAX_EXCEPTION = 64
"""Characters; the longest name of domain.trust_exceptions has twenty."""

MAX_TAGS = 50 - len(RESERVED_TAGS)

MAX_INLINE_CHARACTERS = 6144
"""IAM allows 10,240 for all inline policies of a role; the rest is kept for revocations and quarantine."""


class UnsafeTemplate(InvalidRequest):
    """A template that no permission makes acceptable. Unlike other bad input it goes on record."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The principals that may assume the role, and their conditions.

    `callers` limits who may come through the broker (user names, or
    `ROLE/SESSION`); empty means every caller that the access rules let. `source_ips`,
    `require_mfa` and `external_id` bind direct principals: through the broker
    it is a Lambda that calls STS, and Cedar has judged the caller's address.
    `statements` are further trust statements, word for word; `exceptions`
    must name every unusual thing in them.
    """

    through_broker: bool = True
    callers: tuple[str, ...] = ()
    direct_users: tuple[str, ...] = ()
    source_ips: tuple[str, ...] = ()
    require_mfa: bool = False
    organization_id: str = ""
    external_id: str = ""
    statements: tuple[Mapping[str, Any], ...] = ()
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleTemplate:
    """One role as its file describes it (docs/provisioning.md)."""

    name: str
    description: str = ""
    managed_policies: tuple[str, ...] = ()
    inline_policy: Mapping[str, Any] | None = None
    max_session_seconds: int = 3600
    tier: Tier = "workload"
    tags: Mapping[str, str] = field(default_factory=dict)
    trust: Trust = field(default_factory=Trust)


FOREIGN = "characters up to U+00FF only: IAM takes no others in a policy"


def check_form(template: RoleTemplate) -> None:
    """InvalidRequest with every field that AWS or the broker would not take."""
    fields: Fields = {}
    for check in CHECKS:
        check(template, fields)
    if fields:
        raise InvalidRequest(f"The template of {template.name} does not fit; see fields.", fields)


def managed_policy_arn(name: str, partition: str) -> str:
    """The ARN of a managed policy: ARNs stay, a name (with its path, if any) is one of AWS's own."""
    return name if name.startswith("arn:") else f"arn:{partition}:iam::aws:policy/{name}"


def _check_name(template: RoleTemplate, fields: Fields) -> None:
    account, own = split_role_name(template.name)
    if not ROLE_NAME.fullmatch(own) or (account and not ACCOUNT_ID.fullmatch(account)):
        fields["name"] = "1 to 64 of letters, digits and _+=,.@-, in another account after its id and a colon"
    if not DESCRIPTION.fullmatch(template.description):
        fields["description"] = "at most 1000 printable characters of Latin-1"
    if not MIN_SESSION_SECONDS <= template.max_session_seconds <= MAX_SESSION_SECONDS:
        fields["max_session_seconds"] = f"from {MIN_SESSION_SECONDS} to {MAX_SESSION_SECONDS}"


def _check_policies(template: RoleTemplate, fields: Fields) -> None:
    if len(template.managed_policies) > MAX_MANAGED_POLICIES:
        fields["managed_policies"] = f"at most {MAX_MANAGED_POLICIES} (IAM takes ten; two are the broker's guards)"
    if any(f":policy{ROLE_PATH}" in name for name in template.managed_policies):
        fields["managed_policies"] = f"no policy under {ROLE_PATH}: boundary and guards are the broker's to attach"
    if len(set(template.managed_policies)) < len(template.managed_policies):
        fields["managed_policies"] = "each policy once"
    if template.inline_policy is None:
        return
    if problem := next(document_problems(template.inline_policy), None):
        fields["inline_policy"] = f"an IAM policy document: {problem}"
    elif place := next(foreign_characters(template.inline_policy, "inline_policy"), None):
        fields[place] = FOREIGN
    elif len(compact(template.inline_policy)) > MAX_INLINE_CHARACTERS:
        fields["inline_policy"] = f"at most {MAX_INLINE_CHARACTERS} characters without white space"


def _check_tags(template: RoleTemplate, fields: Fields) -> None:
    for key, value in template.tags.items():
        if key.lower().startswith("aws:") or key.lower() in RESERVED_TAGS:
            fields[f"tags.{key}"] = "reserved: set by AWS or by the broker"
        elif not TAG_KEY.fullmatch(key) or not TAG_VALUE.fullmatch(value):
            fields[f"tags.{key}"] = "key 1 to 128, value up to 256 of letters, digits, spaces and _.:/=+-@"
    if len(template.tags) > MAX_TAGS:
        fields["tags"] = f"at most {MAX_TAGS} beside the broker's own"
    if len({key.lower() for key in template.tags}) < len(template.tags):
        fields["tags"] = "two keys differ in case only; IAM treats them as one"


def _check_trusted(template: RoleTemplate, fields: Fields) -> None:
    trust = template.trust
    if not (trust.through_broker or trust.direct_users or trust.statements):
        fields["trust"] = "no principal is trusted: set through_broker, direct_users or statements"
    if trust.callers and not trust.through_broker:
        fields["trust.callers"] = "limits who comes through the broker, but through_broker is false"
    if not _fit_in_number(trust.exceptions):
        fields["trust.exceptions"] = f"each name once, at most {len(EXCEPTIONS)}, of {MAX_EXCEPTION} characters at most"
    for number, statement in enumerate(trust.statements):
        if problem := next(statement_problems(statement, "trust"), None):
            fields[f"trust.statements[{number}]"] = f"a statement of a trust policy: {problem}"
    for address in trust.source_ips:
        if not _is_network(address):
            fields["trust.source_ips"] = f"{address} is neither an IP address nor a CIDR block"


def _fit_in_number(exceptions: tuple[str, ...]) -> bool:
    """True if a refusal of these names stays short enough to read."""
    once = len(set(exceptions)) == len(exceptions) <= len(EXCEPTIONS)
    return once and all(len(name) <= MAX_EXCEPTION for name in exceptions)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


CHECKS: tuple[Callable[[RoleTemplate, Fields], None], ...] = (
    _check_name,
    _check_policies,
    _check_tags,
    _check_trusted,
)
