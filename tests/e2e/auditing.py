"""What the tests of sessions, revocation and audit do again and again before the deployed broker."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from botocore.config import Config

from localaws.broker import PROVISION_FUNCTION
from localaws.profiles import session_with
from localaws.roles import order
from tests.e2e.door import Answer, keys_of, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import boto3
    from botocore.credentials import ReadOnlyCredentials

    from localaws.broker import Broker

Found = TypeVar("Found")

DEADLINE_SECONDS = 60
LOOK_EVERY_SECONDS = 0.1
PLACEHOLDER = re.compile(r"\{\w+\}")
ROOT_ACCOUNT = "000000000000"
NO_RETRY = Config(retries={"total_max_attempts": 1})


def make_role(
    broker: Broker,
    name: str,
    tags: Mapping[str, str] | None = None,
    inline_policy: Mapping[str, Any] | None = None,
    **trust: list[str],
) -> str:
    """A role of its own for a test: engineers (or by `tags`) may take it, it may do all in EC2. Answers its ARN."""
    template = {
        "name": name,
        "managed_policies": ["AmazonEC2FullAccess"],
        "inline_policy": inline_policy,
        "tags": tags or {"access-broker:audience": "engineers"},
        "trust": {"through_broker": True, **trust},
    }
    answer = order(
        broker.session_for("admin").client("lambda"), PROVISION_FUNCTION, {"action": "apply_role", "template": template}
    )
    assert answer["ok"], answer
    return str(answer["result"]["arn"])


def make_engineer(broker: Broker, name: str) -> boto3.Session:
    """Another user without policies, in the group engineers, with their own keys."""
    iam = broker.session_for("admin").client("iam")
    iam.create_user(UserName=name)
    iam.add_user_to_group(GroupName="engineers", UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return session_with(key["AccessKeyId"], key["SecretAccessKey"], region=broker.region)


MFA_SESSIONS: dict[tuple[str, str], boto3.Session] = {}
"""Sessions with MFA by broker and person: a new code would take up to half a minute."""


def with_mfa(broker: Broker, who: str) -> boto3.Session:
    """The session of a person who has typed the code of their device."""
    key = (broker.broker_url, who)
    if key not in MFA_SESSIONS:
        MFA_SESSIONS[key] = authenticated(broker, broker.session_for(who), who, broker.mfa_code(who))
    return MFA_SESSIONS[key]


def authenticated(broker: Broker, session: boto3.Session, name: str, code: str) -> boto3.Session:
    """GetSessionToken with the device of this name."""
    serial = f"arn:aws:iam::{ROOT_ACCOUNT}:mfa/{name}"
    sts = session.client("sts", endpoint_url=broker.endpoint_url)
    made = sts.get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"]
    return session_with(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], region=broker.region)


def mfa_variables(broker: Broker, who: str) -> dict[str, str | None]:
    """The same as environment variables of a program."""
    keys = keys_of(with_mfa(broker, who))
    return {
        "AWS_PROFILE": None,
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_SESSION_TOKEN": keys.token,
    }


def on_call(broker: Broker, name: str) -> boto3.Session:
    """An engineer who may break the glass."""
    session = make_engineer(broker, name)
    make_on_call(broker, name)
    return session


def make_on_call(broker: Broker, name: str) -> None:
    """Put the user into the group that may break the glass."""
    iam = broker.session_for("admin").client("iam")
    if "on-call" not in {group["GroupName"] for group in iam.list_groups()["Groups"]}:
        iam.create_group(GroupName="on-call")
    iam.add_user_to_group(GroupName="on-call", UserName=name)


def delete_user(broker: Broker, name: str) -> None:
    """As an administrator does, past the broker."""
    iam = broker.session_for("admin").client("iam")
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.remove_user_from_group(GroupName="engineers", UserName=name)
    iam.delete_user(UserName=name)


PROFILE_KEYS: dict[tuple[Path, int, str], ReadOnlyCredentials] = {}
"""Keys by file, time of its last change, and profile: a session that reads them takes longer than a call."""


def profile_keys(broker: Broker, profile: str) -> ReadOnlyCredentials:
    """The keys of admin, alice, bob or carol."""
    file = broker.directory / "credentials"
    key = (file, file.stat().st_mtime_ns, profile)
    if key not in PROFILE_KEYS:
        PROFILE_KEYS[key] = keys_of(broker.session_for(profile))
    return PROFILE_KEYS[key]


def ask(broker: Broker, who: str | boto3.Session, method: str, path: str, body: object = None) -> Answer:
    """A signed call by a profile or a session."""
    keys = profile_keys(broker, who) if isinstance(who, str) else keys_of(who)
    return signed(f"{broker.broker_url}{path}", keys, method, body)


def insist(broker: Broker, who: str | boto3.Session, method: str, path: str) -> Answer:
    """The same call again while the gateway gives up on it: sixty functions starting at once share two cores.

    It repeats only calls that may be repeated. What the broker itself answers has a code, and counts whatever it says.
    """
    return eventually(
        lambda: ask(broker, who, method, path),
        lambda answer: answer.status not in {502, 503, 504} or "code" in answer.document,
        seconds=180,
    )


def take(broker: Broker, who: str | boto3.Session, role: str) -> tuple[str, Any]:
    """A session's id and an EC2 client that acts as it, without retries."""
    answer = ask(broker, who, "POST", "/v1/credentials", {"role": role})
    assert answer.status == 201, answer
    return answer.document["session"]["id"], acting(broker, answer.document["credentials"])


def acting(broker: Broker, given: Mapping[str, Any]) -> Any:
    """An EC2 client that acts with these credentials, without retries."""
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    session = session_with(*keys, region=broker.region)
    return session.client("ec2", endpoint_url=broker.endpoint_url, config=NO_RETRY)


def call_aws(broker: Broker, session: boto3.Session, what: tuple[str, str, dict[str, Any]]) -> Any:
    """AWS's answer to a call: service, operation and parameters, of which `{Output}` stands for one of the stack's."""
    service, operation, parameters = what
    client = session.client(service, endpoint_url=broker.endpoint_url)  # type: ignore[call-overload]
    filled = {
        name: broker.outputs[value[1:-1]] if isinstance(value, str) and PLACEHOLDER.fullmatch(value) else value
        for name, value in parameters.items()
    }
    return getattr(client, operation)(**filled)


def start_afresh(broker: Broker, caller: str, role: str) -> None:
    """End what earlier tests on the same broker left: the caller's grants of the role, and requests for it."""
    about = f"caller={caller}&role={role}&limit=100"
    for request in ask(broker, caller, "GET", f"/v1/requests?state=approved&{about}").document["requests"]:
        ask(broker, caller, "DELETE", f"/v1/grants/{request['id']}")
    for request in ask(broker, caller, "GET", f"/v1/requests?state=pending&{about}").document["requests"]:
        ask(broker, caller, "POST", f"/v1/requests/{request['id']}/cancel", {})


def eventually(
    look: Callable[[], Found], enough: Callable[[Found], object], seconds: float = DEADLINE_SECONDS
) -> Found:
    """The first answer of `look` that is enough, or its answer at the deadline.

    The longer it takes, the longer the pauses, up to a second: a look is often a Lambda function or a program, and
    hundreds of them in a minute's wait would hold up the tests beside it.
    """
    began = time.monotonic()
    while True:
        found = look()
        waited = time.monotonic() - began
        if enough(found) or waited > seconds:
            return found
        time.sleep(min(max(waited / 10, LOOK_EVERY_SECONDS), 1))


def fresh_second() -> datetime:
    """The time, in a second in which the test has called nothing yet: CloudTrail looks up from whole seconds."""
    last = int(time.time())
    eventually(lambda: int(time.time()), lambda now: now > last)
    return datetime.now(UTC)


def audit(broker: Broker, query: str, enough: Callable[[list[dict[str, Any]]], object]) -> list[dict[str, Any]]:
    """The audit log over HTTP, every page, once there is enough of it."""

    def read() -> list[dict[str, Any]]:
        found, cursor = [], ""
        while True:
            answer = ask(broker, "admin", "GET", f"/v1/audit?{query}{cursor}")
            assert answer.status == 200, answer
            found += answer.document["events"]
            if not answer.document["next_cursor"]:
                return found
            cursor = f"&cursor={quote(answer.document['next_cursor'], safe='')}"

    return eventually(read, enough)
