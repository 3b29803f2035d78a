"""The cost of a million credentials, and of an idle month.

`python -m bench.costs` prints the two tables of docs/scale.md. Prices of
us-east-1 in dollars, without free tiers; the page states
their source and date.
"""

from __future__ import annotations

from dataclasses import dataclass

MILLION = 1_000_000
SECONDS_PER_MONTH = 30 * 86_400

GATEWAY_PER_MILLION = 3.50
LAMBDA_PER_MILLION = 0.20
LAMBDA_PER_GB_SECOND = 0.0000166667
WRITE_UNITS_PER_MILLION, READ_UNITS_PER_MILLION = 0.625, 0.125
LOGS_PER_GB = 0.50
ALARM_PER_MONTH, DASHBOARD_PER_MONTH = 0.10, 3.00

GB_OF_MEMORY = 0.5
CREDENTIAL_SECONDS, BATCH_SECONDS = 0.020, 0.050
BATCH, STREAM_READERS = 10, 2
"""Rows that a stream's delivery brings together (50 at most), and the functions that read it: audit and notify."""

ROW_UNITS, COPIES = 2, 4
"""A session's row of 1.3 kB takes two write units, in the table and in each of three indexes."""

READ_ROWS = 4
"""Rows of a request's one read; a transaction takes two units for each."""

MINUTES_PER_MONTH = 30 * 1440
DIRECTORY_UNITS = 6
"""Write units of a run that finds nothing changed: its beginning, then its end and the marker in one transaction."""

DIRECTORY_SECONDS = 1.0
"""Of an account with a few hundred users and roles."""

EXPIRY_UNITS = 25 * 1.3 / 8
"""Read units: each run goes over a row of 1.3 kB for 65 minutes to see its end, for 60 to count it; 8 kB are one."""

EVENT_KB, EVENTS, RUNTIME_KB = 0.7, 2, 0.5
"""A line of the audit log, at the issue and at the end; what Lambda and the metrics write of an invocation."""

ALARMS, DASHBOARDS = 26, 1
"""In .chalice/resources*.json, an alarm of two metrics twice, as it is billed; a test counts them."""

METRIC_PER_MONTH, SCHEDULED_METRICS = 0.30, 6
"""AccountsOutOfReach, ActiveSessions, BreakGlassUnreviewed, DirectoryAgeSeconds, PruningFailures,
RevocationListUsed; others cost when there is something."""

POLLS_PER_MILLION, POLLERS, POLL_SECONDS = 0.50, 5, 20
"""Lambda keeps asking the queue of notices, five at a time, with long polls."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One line of a bill."""

    item: str
    dollars: float
    how: str


def of_a_million() -> tuple[Cost, ...]:
    """A million credentials, callers and roles read for each of them: caches only make it less."""
    deliveries = STREAM_READERS / BATCH
    logs_gb = (EVENT_KB * EVENTS + RUNTIME_KB) * MILLION / 1e6
    return (
        Cost("API Gateway, REST", GATEWAY_PER_MILLION, "one request"),
        Cost("Lambda, api_handler", _lambda(1, CREDENTIAL_SECONDS), "20 ms of 512 MB"),
        Cost("Lambda, audit and notify", _lambda(deliveries, BATCH_SECONDS), "50 ms for ten rows, each"),
        Cost("DynamoDB, writes", ROW_UNITS * COPIES * WRITE_UNITS_PER_MILLION, "two units, four copies"),
        Cost(
            "DynamoDB, reads", READ_ROWS * 2 * READ_UNITS_PER_MILLION, "caller, marker, suspension, role at one moment"
        ),
        Cost("DynamoDB, what expired", EXPIRY_UNITS * READ_UNITS_PER_MILLION, "the last hour, every five minutes"),
        Cost("CloudWatch Logs", logs_gb * LOGS_PER_GB, "two events, and what Lambda writes"),
        Cost("STS, IAM", 0.0, "free"),
    )


def idle() -> tuple[Cost, ...]:
    """An idle month."""
    return (
        Cost("Alarms", ALARMS * ALARM_PER_MONTH, f"{ALARMS}"),
        Cost("Dashboard", DASHBOARDS * DASHBOARD_PER_MONTH, "one"),
        Cost("Metrics", SCHEDULED_METRICS * METRIC_PER_MONTH, f"{SCHEDULED_METRICS} that a schedule writes"),
        Cost("SQS", _polls() * POLLS_PER_MILLION / MILLION, "Lambda polls the queue of notices"),
        Cost("Directory", _directory(), "a run a minute that finds nothing changed"),
        Cost("Everything else", 0.0, "schedules and storage: under a cent"),
    )


def table(bill: tuple[Cost, ...]) -> str:
    """A bill with its total."""
    rows = [f"| {cost.item} | {cost.dollars:.2f} | {cost.how} |" for cost in bill]
    total = f"| **together** | **{sum(cost.dollars for cost in bill):.2f}** | |"
    return "\n".join(["| | $ | |", "|---|---:|---|", *rows, total])


def _directory() -> float:
    runs = MINUTES_PER_MONTH / MILLION
    return runs * DIRECTORY_UNITS * WRITE_UNITS_PER_MILLION + _lambda(runs, DIRECTORY_SECONDS)


def _polls() -> float:
    return POLLERS * SECONDS_PER_MONTH / POLL_SECONDS


def _lambda(invocations: float, seconds: float) -> float:
    return invocations * (LAMBDA_PER_MILLION + seconds * GB_OF_MEMORY * LAMBDA_PER_GB_SECOND * MILLION)


if __name__ == "__main__":
    print(table(of_a_million()), table(idle()), sep="\n\n")
