"""The audit chain, CloudTrail, and bypass detection."""

from __future__ import annotations

from dataclasses import dataclass

from access_broker.doctor.model import Finding, NotHere, check, failed, ok

TOPIC = "Audit"
ALL_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
"""AssumeRole counts as read-only: EventBridge leaves it out of rules in the state ENABLED."""


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """The end of the chain's verification; `broken` is its own sentence."""

    count: int
    broken: str = ""


@dataclass(frozen=True, slots=True)
class TrailRule:
    """The rule that feeds the trail function; `runs` counts the function's invocations of the last day."""

    state: str
    feeds_the_function: bool
    embedded: bool = False
    runs: int = 0
    early: bool = False
    """True if the stack is too young for figures."""


@dataclass(frozen=True, slots=True)
class Trails:
    """The account's trails as (name, logs reads and writes in every region)."""

    embedded: bool
    trails: tuple[tuple[str, bool], ...]


@check(
    "audit-chain",
    topic=TOPIC,
    fact="chain",
    asks="the audit log's hash chain of the last day verifies",
    why="a line that is missing, changed or forged breaks it",
    do="broker audit verify names the line; docs/audit.md, Checking the chain, says what each break means",
)
def audit_chain(chain: ChainCheck) -> Finding:
    """As `broker audit verify --since 24h`."""
    return failed(chain.broken) if chain.broken else ok(f"{chain.count} events")


@check(
    "trail-rule",
    topic=TOPIC,
    fact="trail_rule",
    asks="the rule that hands AssumeRole events to the trail function is on",
    why="without it, a role that is assumed behind the broker's back is not noticed",
    do=f"aws events put-rule with the template's pattern, --state {ALL_EVENTS}, or revert the drift (docs/doctor.md)",
)
def trail_rule(rule: TrailRule) -> Finding:
    """The rule's state and target."""
    if rule.state != ALL_EVENTS:
        return failed(f"the rule's state is {rule.state or 'none: there is no such rule'}")
    return ok(rule.state) if rule.feeds_the_function else failed("the rule's target is not the trail function")


@check(
    "trail-told",
    topic=TOPIC,
    fact="trail_rule",
    asks="CloudTrail's events reach the trail function",
    why="the rule may be on, and the account's trail off: then bypass detection is blind",
    do="create a trail with management events, reads and writes, in every region (docs/audit.md)",
)
def trail_told(rule: TrailRule) -> Finding:
    """Invocations of the trail function in the last day."""
    if rule.runs:
        return ok(f"{rule.runs} runs in the last day")
    if rule.embedded:
        raise NotHere("the embedded AWS hands no CloudTrail events to EventBridge")
    if rule.early:
        raise NotHere("too early for figures: run the doctor again in half an hour")
    return failed("the trail function did not run in the last day")


@check(
    "account-trail",
    topic=TOPIC,
    fact="trails",
    asks="a CloudTrail trail logs management events, reads and writes, in every region",
    why="EventBridge gets AssumeRole events only where a trail logs them",
    do="aws cloudtrail create-trail --is-multi-region-trail, put-event-selectors with ReadWriteType All, start-logging",
)
def account_trail(trails: Trails) -> Finding:
    """Each trail's selectors and whether it logs now."""
    if trails.embedded:
        raise NotHere("the embedded AWS records every call and needs no trail")
    whole = [name for name, complete in trails.trails if complete]
    if whole:
        return ok(", ".join(whole))
    return failed(f"none of {len(trails.trails)} trails does")
