"""The API from outside: clock, TLS, and a request without a signature."""

from __future__ import annotations

from dataclasses import dataclass

from access_broker.doctor.model import Finding, NotHere, check, failed, ok

TOPIC = "API"
SKEW_SECONDS = 60
REFUSED = (401, 403)


@dataclass(frozen=True, slots=True)
class Edge:
    """An unsigned request's answer. `skew` is local minus remote time; `tls` like TLSv1.3."""

    loopback: bool
    skew: float
    tls: str
    unsigned_status: int


@check(
    "clock",
    topic=TOPIC,
    fact="edge",
    asks="this computer's clock agrees with AWS's",
    why="AWS refuses signatures that are more than five minutes off, and the times in the audit would not match",
    do="set the clock by the network (NTP)",
)
def clock(edge: Edge) -> Finding:
    """By the Date header of an answer."""
    if edge.loopback:
        raise NotHere("the API answers on this computer: there is one clock only")
    seconds = round(edge.skew)
    if abs(seconds) > SKEW_SECONDS:
        return failed(f"this clock is {abs(seconds)} s {'fast' if seconds > 0 else 'slow'}")
    return ok(f"{abs(seconds)} s apart")


@check(
    "tls",
    topic=TOPIC,
    fact="edge",
    asks="the API speaks TLS 1.2 or newer",
    why="answers carry credentials; TLS 1.0 and 1.1 have known weaknesses",
    do="set the API's security policy to TLS_1_2 or newer, and look for a proxy that ends TLS in between",
)
def tls(edge: Edge) -> Finding:
    """By a handshake."""
    if edge.loopback:
        raise NotHere("plain HTTP on this computer")
    return ok(edge.tls) if edge.tls in {"TLSv1.2", "TLSv1.3"} else failed(f"it speaks {edge.tls or 'no TLS'}")


@check(
    "unsigned-refused",
    topic=TOPIC,
    fact="edge",
    asks="an unsigned request is refused",
    why="every route below /v1 must be signed: without that, any person on the network is a caller",
    do="see methods-signed and resource-policy; AWS_IAM authorization and the policy are in the template: "
    "revert the drift (docs/doctor.md)",
)
def unsigned_refused(edge: Edge) -> Finding:
    """GET /v1/whoami without a signature."""
    status = edge.unsigned_status
    return ok(f"HTTP {status}") if status in REFUSED else failed(f"GET /v1/whoami unsigned answered HTTP {status}")
