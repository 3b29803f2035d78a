"""A role without permissions is taken, used, shown in the audit and taken back."""

from __future__ import annotations

from dataclasses import dataclass

from access_broker.doctor.model import Finding, NotHere, check, failed, ok

TOPIC = "Canary"
SLOW_SECONDS = 60.0
"""IAM tells a change within seconds; a minute is a sign of trouble."""

OK = 200


@dataclass(frozen=True, slots=True)
class Canary:
    """The course of one session of the canary role. Empty strings and zeros where it did not get so far."""

    role: str
    refusal: str = ""
    session: str = ""
    identity: str = ""
    admitted_status: int = 0
    permitted: str = ""
    """A call that succeeded, although the role has no permissions."""
    revoke_refusal: str = ""
    denied_after: float | None = None
    """Seconds from the revocation's answer to the first denial; None: not in time."""
    events: frozenset[str] = frozenset()
    """Types of the audit events of the session."""
    sign_in_refusal: str = ""
    sign_in_status: int = 0
    left_behind: str = ""


def need_session(canary: Canary) -> None:
    """NotHere where there is none to judge."""
    if not canary.session:
        raise NotHere("no session of the canary role: see canary-taken")


@check(
    "canary-taken",
    topic=TOPIC,
    fact="canary",
    asks="a role is provisioned and its credentials are given out",
    why="it is what the broker is for: rules, catalogue, trust policy, STS and table work together",
    do="read the refusal; `broker explain ROLE` names the layer that refused, the API function's log the cause",
)
def taken(canary: Canary) -> Finding:
    """PUT /v1/roles, POST /v1/credentials."""
    return failed(f"{canary.role}: {canary.refusal}") if canary.refusal else ok(f"{canary.role}: {canary.session}")


@check(
    "canary-used",
    topic=TOPIC,
    fact="canary",
    asks="the credentials work and are the role's",
    why="credentials that STS does not know are of no use",
    do="look at the API function's log, and at the role's trust policy: broker roles plan",
)
def used(canary: Canary) -> Finding:
    """sts:GetCallerIdentity with them."""
    need_session(canary)
    if f":assumed-role/{canary.role}/" not in canary.identity:
        return failed(f"GetCallerIdentity answers {canary.identity or 'nothing'}")
    return ok(canary.identity)


@check(
    "canary-powerless",
    topic=TOPIC,
    fact="canary",
    asks="a session without permissions may do nothing in the account",
    why="if it may, IAM is not enforced as the broker counts on, or a resource policy is open to the whole account",
    do="find the resource policy or the permission that allowed the call, and narrow it",
)
def powerless(canary: Canary) -> Finding:
    """iam:ListRoles with them."""
    need_session(canary)
    return failed(f"{canary.permitted} was allowed") if canary.permitted else ok("iam:ListRoles was refused")


@check(
    "zero-permission-admitted",
    topic=TOPIC,
    fact="canary",
    asks="a signed request of a caller without permissions is admitted",
    why="people hold no permissions: the resource policy alone lets them in",
    do="restore the API's resource policy (policies/api-gateway.json); look for a service control policy that denies",
)
def admitted(canary: Canary) -> Finding:
    """GET /v1/whoami as the canary."""
    need_session(canary)
    if canary.admitted_status == OK:
        return ok("GET /v1/whoami answered HTTP 200")
    return failed(f"GET /v1/whoami answered HTTP {canary.admitted_status}")


@check(
    "canary-revoked",
    topic=TOPIC,
    fact="canary",
    asks="a revoked session is denied",
    why="taking a session back is the promise that makes short-lived access safe",
    do="look at the provision function's log and at the role's inline policies; `broker revoke --role ROLE` ends all",
)
def revoked(canary: Canary) -> Finding:
    """Seconds until the first denial."""
    need_session(canary)
    if canary.admitted_status != OK:
        raise NotHere("the session was never admitted: see zero-permission-admitted")
    if canary.revoke_refusal:
        return failed(f"the revocation failed: {canary.revoke_refusal}")
    if canary.denied_after is None:
        return failed("the session still worked a minute after its revocation")
    found = f"denied {canary.denied_after:.1f} s after the revocation"
    return ok(found) if canary.denied_after <= SLOW_SECONDS else failed(found)


@check(
    "canary-removed",
    topic=TOPIC,
    fact="canary",
    asks="the doctor's own role is gone afterwards",
    why="the doctor leaves nothing behind",
    do="broker roles delete access-broker-doctor",
)
def removed(canary: Canary) -> Finding:
    """DELETE /v1/roles."""
    return failed(canary.left_behind) if canary.left_behind else ok("nothing is left")
