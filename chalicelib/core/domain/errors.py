"""Everything that can go wrong, as one tree. No HTTP and no logging in here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class BrokerError(Exception):
    """Any failure the broker explains to its caller.

    `code` is the stable word of docs/api.md; `detail` says what to do next.
    Neither ever holds a secret: both are sent to the caller and logged.
    """

    code = "internal_error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidRequest(BrokerError):
    """The input is at fault; `fields` says where and what was expected."""

    code = "invalid_request"

    def __init__(self, detail: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.fields = dict(fields or {})


class Refused(BrokerError):
    """A decision against the caller: always recorded before it is answered. `fields` says which input led to it."""

    code = "not_allowed"

    def __init__(self, detail: str, policies: tuple[str, ...] = (), fields: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.policies = policies
        self.fields = dict(fields or {})


class TermUnmet(Refused):
    """The nearest door opens once the caller meets a term of it; the code names the term."""


class ApprovalRequired(TermUnmet):
    """The nearest door opens with approvals the caller does not have yet."""

    code = "approval_required"


class ReasonRequired(TermUnmet):
    """The nearest door opens when a reason is given."""

    code = "reason_required"


class MfaRequired(TermUnmet):
    """The nearest door opens for requests under /mfa, where API Gateway lets only callers with MFA through.

    `devices` are the serial numbers of the caller's MFA devices, as IAM says.
    """

    code = "mfa_required"
    devices: tuple[str, ...] = ()


class NotFound(BrokerError):
    """There is no such thing, or the caller may not know that there is."""

    code = "not_found"


class NoSuchRole(NotFound):
    """No such role, or none that the caller may see: one sentence for both.

    It has no name in it. A role has several (`ROLE`, `ACCOUNT:ROLE`, by id and by alias), and the one that the
    catalogue has would tell that there is such a role.
    """

    def __init__(self) -> None:
        super().__init__("There is no such role, or you may not see it.")


class Conflict(BrokerError):
    """Another call was faster, or the thing is in another state."""

    code = "conflict"


ORGANISATIONS_POLICIES = frozenset({"service control policy", "resource control policy"})
"""Kinds of policies that no account can change for itself."""


class RefusedByAws(BrokerError):
    """AWS said no to a call that the broker had decided to make.

    `aws_code` is AWS's own error code. The detail names no ARN and no account.
    `denied_by` is the kind of policy that AWS names in its message, as `service control policy`; often it names none.
    """

    code = "refused_by_aws"

    def __init__(self, detail: str, aws_code: str, denied_by: str = "") -> None:
        super().__init__(detail)
        self.aws_code, self.denied_by = aws_code, denied_by


class AuditUnavailable(BrokerError):
    """The record could not be written, so nothing may leave."""

    code = "audit_unavailable"


class Contended(AuditUnavailable):
    """Others were writing the same rows in that moment, so nothing was written; the same write may succeed now."""


class AwsUnavailable(BrokerError):
    """AWS did not answer in time; trying again may help, after `retry_after` seconds (0: soon)."""

    code = "aws_unavailable"
    retry_after = 0


class TooManyRequests(AwsUnavailable):
    """AWS asks for fewer calls: a quota of the account is used up for the moment."""

    code = "too_many_requests"


class NotDelivered(BrokerError):
    """Another system did not take what it was told. It never reaches a caller of the API.

    `why` is that system's own word, `retry_after` the seconds it asked to wait, or 0.
    """

    code = "not_delivered"

    def __init__(self, detail: str, why: str = "", retry_after: int = 0) -> None:
        super().__init__(detail)
        self.why = why
        self.retry_after = retry_after


class AccountUnreachable(AwsUnavailable):
    """A member account does not let the broker in; `aws_code` says what AWS answered.

    It lasts until the account is mended, so clients should not try again at
    once: the registry is read every 15 minutes.
    """

    retry_after = 900

    def __init__(self, account: str, aws_code: str) -> None:
        super().__init__(f"Account {account} is out of reach: its spoke role does not let the broker in ({aws_code}).")
        self.aws_code = aws_code
