"""The traces of the canary: audit events, and a console link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from access_broker.doctor.checks.canary import need_session
from access_broker.doctor.model import Finding, NotHere, check, failed, ok

if TYPE_CHECKING:
    from access_broker.doctor.checks.canary import Canary

TOPIC = "Canary"
ACCEPTED = (200, 302, 303)


@check(
    "audit-event",
    topic=TOPIC,
    fact="canary",
    asks="the session's issue and revocation are in the audit log",
    why="a credential that is not in the log was given out in secret",
    do="look at the audit function's log, its event source mapping and the dead letters (docs/audit.md)",
)
def audited(canary: Canary) -> Finding:
    """GET /v1/audit?session=…."""
    need_session(canary)
    wanted = {"issue", "revoke"} if not canary.revoke_refusal else {"issue"}
    missing = wanted - canary.events
    return failed(f"missing: {', '.join(sorted(missing))}") if missing else ok("issue and revocation are there")


@check(
    "console-link",
    topic=TOPIC,
    fact="canary",
    asks="AWS's sign-in endpoint accepts a console link made with role-chained credentials",
    why="an open question until tried on AWS: without it `broker console` is of no use",
    do="check the parameter SignInEndpoint against the partition of the account; read the API function's log",
)
def console_link(canary: Canary) -> Finding:
    """POST /v1/console-links, then the link itself, without following it."""
    if canary.refusal:
        raise NotHere("no canary role: see canary-taken")
    if canary.sign_in_refusal:
        return failed(canary.sign_in_refusal)
    if canary.sign_in_status not in ACCEPTED:
        return failed(f"the sign-in endpoint answered HTTP {canary.sign_in_status}")
    return ok(f"HTTP {canary.sign_in_status}")
