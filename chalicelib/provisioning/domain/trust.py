"""Trust policies: built from a template's terms, never concatenated; unusual ones refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.callers import Caller, source_identity
from chalicelib.core.domain.policy_documents import compact, statements
from chalicelib.provisioning.domain.templates import UnsafeTemplate
from chalicelib.provisioning.domain.trust_exceptions import EXCEPTIONS, unusual

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.provisioning.domain.templates import Trust

MAX_CHARACTERS = 2048
"""Default quota of a trust policy, white space not counted (IAM quotas)."""

DIRECT_SID = "DirectlyByTheseUsers"
"""The statement for a template's direct users."""

NAMED = 10
"""Unusual things told of one place; the others are only counted."""


@dataclass(frozen=True, slots=True)
class TrustParties:
    """The principals that a template's words stand for: the broker's function role and users by their current ARNs."""

    broker_role_arn: str
    external_id: str
    user_arns: Mapping[str, str]

    @property
    def account(self) -> str:
        """The twelve digits of the deployment's own account."""
        return self.broker_role_arn.split(":")[4]


def trust_policy(trust: Trust, parties: TrustParties) -> dict[str, Any]:
    """The trust policy of a role; UnsafeTemplate names what is refused and where it stands."""
    _check_exceptions(trust, parties)
    built = []
    if trust.through_broker:
        built += _through_broker(trust, parties)
    if trust.direct_users:
        built.append(_direct(trust, parties))
    document = {"Version": "2012-10-17", "Statement": [*built, *trust.statements]}
    length = len(compact(document))
    if length > MAX_CHARACTERS:
        raise UnsafeTemplate(
            f"The trust policy would have {length} characters; IAM takes {MAX_CHARACTERS}. Name fewer principals.",
            {"trust": f"at most {MAX_CHARACTERS} characters as a policy document"},
        )
    return document


def not_switchable_because(trust: Trust) -> str | None:
    """Why the console's switch-role form cannot reach the role; None if it can.

    The form sends neither a source identity nor an external id.
    """
    if not trust.direct_users:
        return "Its trust policy demands a source identity, which only the broker stamps. Use: broker console"
    if trust.external_id:
        return "Its trust policy demands an external id, which the console cannot send."
    return None


def demands_external_id(document: Mapping[str, Any]) -> bool:
    """True if a trust policy that was built from a template demands an external id of direct users."""
    direct = [one.get("Condition", {}) for one in statements(document) if one.get("Sid") == DIRECT_SID]
    return any("sts:ExternalId" in condition.get("StringEquals", {}) for condition in direct)


def _through_broker(trust: Trust, parties: TrustParties) -> list[dict[str, Any]]:
    """Two statements: the session needs the conditions, stamping it gives nothing by itself.

    STS evaluates SetSourceIdentity and TagSession as actions of their own,
    for which AWS documents no `sts:ExternalId`.
    """
    principal = {"AWS": parties.broker_role_arn}
    condition: dict[str, Any] = {"StringEquals": {"sts:ExternalId": parties.external_id}}
    if trust.callers:
        condition["StringEquals"]["sts:SourceIdentity"] = sorted(_identity(name) for name in trust.callers)
    else:
        condition["StringLike"] = {"sts:SourceIdentity": "*"}
    if trust.organization_id:
        condition["StringEquals"]["aws:PrincipalOrgID"] = trust.organization_id
    return [
        _allow("ThroughTheBroker", principal, ["sts:AssumeRole"], condition),
        _allow("StampedByTheBroker", principal, ["sts:SetSourceIdentity", "sts:TagSession"], {}),
    ]


def _direct(trust: Trust, parties: TrustParties) -> dict[str, Any]:
    arns = sorted(parties.user_arns.get(name, name) for name in trust.direct_users)
    equals = {"aws:PrincipalOrgID": trust.organization_id, "sts:ExternalId": trust.external_id}
    condition: dict[str, Any] = {}
    if any(equals.values()):
        condition["StringEquals"] = {key: value for key, value in equals.items() if value}
    if trust.source_ips:
        condition["IpAddress"] = {"aws:SourceIp": sorted(trust.source_ips)}
    if trust.require_mfa:
        condition["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    return _allow(DIRECT_SID, {"AWS": arns}, ["sts:AssumeRole"], condition)


def _allow(sid: str, principal: Mapping[str, Any], actions: list[str], condition: dict[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": actions}
    return {**statement, "Condition": condition} if condition else statement


def _identity(name: str) -> str:
    """The source identity of a caller named in a template."""
    return source_identity(Caller("role" if "/" in name else "user", name, arn="", account="", unique_id=""))


def _check_exceptions(trust: Trust, parties: TrustParties) -> None:
    """UnsafeTemplate names each thing once, and of very many the first."""
    found: dict[str, dict[str, None]] = {}
    for place, what in _refusals(trust, parties):
        found.setdefault(place, {})[what] = None
    fields = {place: _told(list(said)) for place, said in found.items()}
    if fields:
        raise UnsafeTemplate(f"The trust policy is refused: {next(iter(fields.values()))}.", fields)


def _told(said: list[str]) -> str:
    more = f"; and {len(said) - NAMED} more" if len(said) > NAMED else ""
    return "; ".join(said[:NAMED]) + more


def _refusals(trust: Trust, parties: TrustParties) -> Iterator[tuple[str, str]]:
    if unknown := sorted(set(trust.exceptions) - set(EXCEPTIONS)):
        yield "trust.exceptions", f"{', '.join(unknown)} is none of {', '.join(sorted(EXCEPTIONS))}"
    placed = [(f"trust.statements[{index}]", statement) for index, statement in enumerate(trust.statements)]
    if trust.direct_users:
        placed.append(("trust.direct_users", _direct(trust, parties)))
    for place, statement in placed:
        for finding in unusual(statement, parties.account):
            if finding.exception not in trust.exceptions:
                yield place, f"{finding.exception}: {finding.what} {EXCEPTIONS[finding.exception]}"
