"""1,000 credentials for 50 callers at once, through the deployed broker on the embedded AWS.

Every caller is an IAM user of their own, without policies, and asks again as
soon as they are answered. Afterwards the audit log must hold each session once.
The embedded AWS starts one process per request that runs at the same time, and
shares this machine's cores with the callers: the figures are of this machine.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.noise import p99
from localaws.broker import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.broker import Broker

CALLERS, EACH = 50, 20
ROLE = "ec2-full"
CREATED, BROKEN = 201, 500
PATIENCE_SECONDS = 120
LOOK_EVERY_SECONDS = 0.5


class NotRecordedOnce(Exception):
    """The audit log does not hold every session exactly once."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One answer: the seconds it took, its status, the session it names."""

    seconds: float
    status: int
    session: str


def measure() -> dict[str, float]:
    """Credentials per second, their latencies, and how many answers were 5xx. NotRecordedOnce if the audit differs."""
    with running() as broker:
        people = [engineer(broker, f"bench-{number}") for number in range(CALLERS)]
        with ThreadPoolExecutor(CALLERS) as crowd:
            list(crowd.map(lambda keys: take(broker, keys), people))  # every caller's container is warm
            began = time.perf_counter()
            answers = [one for taken in crowd.map(lambda keys: list(takes(broker, keys)), people) for one in taken]
            elapsed = time.perf_counter() - began
        recorded(broker, {answer.session for answer in answers if answer.status == CREATED})
    return figures(answers, elapsed)


def figures(answers: list[Taken], elapsed: float) -> dict[str, float]:
    """The figures of the answers, for the table."""
    seconds = [answer.seconds for answer in answers]
    return {
        "throughput_per_second": round(sum(answer.status == CREATED for answer in answers) / elapsed, 1),
        "p50_ms": round(median(seconds) * 1000, 1),
        "p99_ms": round(p99(seconds) * 1000, 1),
        "throughput_5xx": sum(answer.status >= BROKEN for answer in answers),
        "throughput_not_201": sum(answer.status != CREATED for answer in answers),
        "throughput_credentials": len(answers),
    }


def engineer(broker: Broker, name: str) -> Credentials:
    """The keys of a new user in the group engineers."""
    iam = broker.session_for("admin").client("iam")
    iam.create_user(UserName=name)
    iam.add_user_to_group(GroupName="engineers", UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def takes(broker: Broker, keys: Credentials) -> Iterator[Taken]:
    """One caller's asks, one after the other."""
    for _ in range(EACH):
        yield take(broker, keys)


def take(broker: Broker, keys: Credentials) -> Taken:
    """One signed POST /v1/credentials."""
    url, body = f"{broker.broker_url}/v1/credentials", json.dumps({"role": ROLE, "reason": "bench"}).encode()
    request = AWSRequest("POST", url, data=body, headers={"content-type": "application/json"})
    SigV4Auth(keys, "execute-api", broker.region).add_auth(request)
    began = time.perf_counter()
    status, document = _sent(urllib.request.Request(url, body, dict(request.headers)))  # noqa: S310  the embedded AWS
    return Taken(time.perf_counter() - began, status, document.get("session", {}).get("id", ""))


def _sent(request: urllib.request.Request) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:  # noqa: S310  the embedded AWS
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {}


def recorded(broker: Broker, sessions: set[str]) -> None:
    """Wait until the audit log holds every session; NotRecordedOnce if one is missing in the end, or is there twice."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        told = issued(broker)
        if sessions <= told.keys() or time.monotonic() > until:
            break
        time.sleep(LOOK_EVERY_SECONDS)
    missing, twice = sessions - told.keys(), [session for session, times in told.items() if times > 1]
    if missing or twice:
        raise NotRecordedOnce(
            f"{len(missing)} of {len(sessions)} sessions are not in the audit log, {len(twice)} twice"
        )


def issued(broker: Broker) -> Counter[str]:
    """How often each session's issue stands in the audit log."""
    logs = broker.session_for("admin").client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=broker.outputs["AuditLogGroup"])
    events = (json.loads(event["message"]) for page in pages for event in page["events"])
    return Counter(event["session"] for event in events if event["type"] == "issue")
