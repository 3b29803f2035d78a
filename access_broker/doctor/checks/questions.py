"""Questions that only AWS itself answers; `console-link` (canary.py) is one more."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from access_broker.doctor.model import Finding, NotHere, check, failed, none_of, ok

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "Open questions"
SLACK_SECONDS = 3.0
LOGIN_ACTIONS = ("signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token")


@dataclass(frozen=True, slots=True)
class ApiNames:
    """Names under which API Gateway publishes metrics, and the one that the alarms watch."""

    published: tuple[str, ...]
    watched: str


@dataclass(frozen=True, slots=True)
class ReadRate:
    """A burst of IAM reads."""

    asked: int
    throttled: int
    seconds: float


@check(
    "api-metric-name",
    topic=TOPIC,
    fact="api_names",
    asks="API Gateway's metrics carry the stack's name",
    why="the alarm ApiErrorsAlarm watches that name: it would be blind under another one",
    do="change the dimension ApiName of ApiErrorsAlarm and of the dashboard to the published name",
)
def api_metric_name(names: ApiNames) -> Finding:
    """ListMetrics, AWS/ApiGateway."""
    if names.watched in names.published:
        return ok(names.watched)
    if not names.published:
        raise NotHere("no metric yet: run the doctor again in fifteen minutes")
    return failed(f"published: {', '.join(names.published)}; watched: {names.watched}")


@check(
    "leading-keys-on-indexes",
    topic=TOPIC,
    fact="index_queries",
    asks="queries of an index are allowed by a policy with dynamodb:LeadingKeys",
    why="if the condition looked at the table's key instead, no list of sessions or requests would ever answer",
    do="read the API function's log; if it is AccessDenied, take LeadingKeys out of the statements on index/*",
)
def leading_keys(refusals: Mapping[str, str]) -> Finding:
    """GET /v1/sessions by caller and by role, GET /v1/requests: each reads another index."""
    wrong = [f"{query}: {refusal}" for query, refusal in refusals.items() if refusal]
    return none_of(wrong, "refused", f"{len(refusals)} queries answered")


@check(
    "fill-on-unpublished-metrics",
    topic=TOPIC,
    fact="filled",
    asks="FILL counts a metric that was never published",
    why="TrailSilentAlarm rings only if it does: on an account whose trail never spoke",
    do="publish the metric once, or give TrailSilentAlarm a metric of the broker's own",
)
def fill(values: int) -> Finding:
    """GetMetricData with FILL over a metric of no name."""
    return ok(f"{values} values") if values else failed("FILL yields no values for it")


@check(
    "iam-read-rate",
    topic=TOPIC,
    fact="read_rate",
    asks="IAM answers a burst of reads without throttling",
    why="callers and roles are read from IAM where the broker's own copy is stale",
    do="see docs/scale.md: the first requests of many callers are slower than measured",
)
def iam_read_rate(rate: ReadRate) -> Finding:
    """GetRole, again and again, without retries."""
    found = f"{rate.throttled} of {rate.asked} reads throttled in {rate.seconds:.1f} s"
    return failed(found) if rate.throttled else ok(found)


@check(
    "switch-role-events",
    topic=TOPIC,
    fact="switch_role_regions",
    asks="events of console role switches land in the broker's region",
    why="bypass detection sees what reaches the broker's region: others have to be forwarded",
    do="deploy .chalice/bypass-forwarding.json in the regions named (docs/audit.md)",
)
def switch_role_events(regions: Mapping[str, bool]) -> Finding:
    """CloudTrail's SwitchRole events: region, and whether a rule forwards from there."""
    if not regions:
        raise NotHere("no role was switched to in the console lately: do it once, then run the doctor again")
    return none_of([name for name, heard in regions.items() if not heard], "not heard", ", ".join(sorted(regions)))


@check(
    "login-tokens-closed",
    topic=TOPIC,
    fact="tier_documents",
    asks="brokered sessions cannot mint tokens by `aws login`",
    why="it is not known whether such tokens keep the session tags that a revocation names",
    do="deny signin:AuthorizeOAuth2Access and signin:CreateOAuth2Token in the tier's boundary or guards (policies/)",
)
def login_tokens_closed(documents: Mapping[str, list[Any]]) -> Finding:
    """Denied in each tier's boundary or guards."""
    wrong = [tier for tier, policies in documents.items() if not _denied_all(policies)]
    return none_of(wrong, "not denied for the tier", f"denied for {', '.join(sorted(documents))}")


def _denied_all(policies: list[Any]) -> bool:
    denied = [action for policy in policies for statement in policy["Statement"] for action in _denied(statement)]
    return all(any(fnmatchcase(action, one) for one in denied) for action in LOGIN_ACTIONS)


def _denied(statement: Any) -> list[str]:
    """The actions that a statement denies everywhere and always."""
    if statement["Effect"] != "Deny" or statement.get("Resource") != "*" or "Condition" in statement:
        return []
    actions = statement.get("Action", [])
    return [actions] if isinstance(actions, str) else list(actions)


@check(
    "cold-start-for-slack",
    topic=TOPIC,
    fact="cold_starts",
    asks="a cold start of the API function is fast enough for Slack",
    why="Slack gives up on a command after three seconds",
    do="give the API function more memory, SnapStart or provisioned concurrency",
)
def cold_start(slowest: float | None) -> Finding:
    """Init duration and duration in the function's REPORT lines."""
    if slowest is None:
        raise NotHere("no cold start in the log of the last day")
    found = f"{slowest:.1f} s at most"
    return ok(found) if slowest < SLACK_SECONDS else failed(found)
