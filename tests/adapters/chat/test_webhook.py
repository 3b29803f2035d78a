"""The door for Slack on moto: what is verified is handed over byte for byte, what is not is refused and recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.chat import wiring
from chalicelib.chat.aws.seen_requests import TableVisits
from chalicelib.chat.aws.slack_people import IamDirectory
from chalicelib.chat.domain.slack_signature import sign
from chalicelib.chat.domain.visits import Visit
from chalicelib.core.aws.secrets import ParameterSecrets
from chalicelib.core.services.secrets import KEPT_SECONDS, CachedSecrets
from tests.adapters.conftest import REGION, event, make_user
from tests.fakes.core import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
PARAMETER = "/access-broker-test/slack-signing-secret"
BODY = "team_id=T1&user_id=UALICE&text=request+prod-ec2+2h+%F0%9F%94%A5&response_url=https%3A%2F%2Fhooks.slack.com%2F1"


class HandedOver:
    """The worker, as far as the webhook knows it."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []

    def hand_over(self, visit: Visit) -> None:
        self.visits.append(visit)


@pytest.fixture
def worker(account: None, monkeypatch: pytest.MonkeyPatch) -> HandedOver:
    boto3.client("ssm", REGION).put_parameter(Name=PARAMETER, Value=SECRET, Type="SecureString")
    made = HandedOver()
    monkeypatch.setattr(wiring, "worker", lambda: made)
    return made


def knock(body: str = BODY, path: str = "commands", **headers: str) -> dict[str, Any]:
    from app import app  # noqa: PLC0415  needs the environment of `account`

    given = {"content-type": "application/x-www-form-urlencoded", **headers}
    answer: dict[str, Any] = app(event(app, "POST", f"/chat/slack/{path}", None, body, headers=given), None)
    return answer


def signed(body: str = BODY, shift: int = 0) -> dict[str, str]:
    stamp = str(int(datetime.now(UTC).timestamp()) + shift)
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": sign(SECRET, stamp, body.encode())}


@pytest.mark.parametrize(("path", "kind"), [("commands", "command"), ("interactions", "interaction")])
def test_what_slack_signed_is_handed_over_as_it_came_and_answered_empty(
    worker: HandedOver, path: str, kind: str
) -> None:
    answer = knock(path=path, **signed())
    assert (answer["statusCode"], answer["body"]) == (200, "")
    [visit] = worker.visits
    assert (visit.kind, visit.body) == (kind, BODY)


def test_a_replay_has_the_id_of_the_first_and_another_signature_has_not(worker: HandedOver) -> None:
    headers = signed()
    knock(**headers)
    knock(**headers)
    knock(**signed(shift=1))
    first, replay, other = (visit.id for visit in worker.visits)
    assert first == replay != other


REFUSED: dict[str, tuple[str, Callable[[], dict[str, str]]]] = {
    "unsigned": (BODY, dict),
    "forged": (BODY, lambda: signed("another body")),
    "late": (BODY, lambda: signed(shift=-301)),
    "early": (BODY, lambda: signed(shift=310)),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_slack_did_not_sign_is_refused_recorded_and_never_handed_over(
    worker: HandedOver, rows: Any, why: str
) -> None:
    body, headers = REFUSED[why]
    answer = knock(body, **headers())
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (403, "not_allowed")
    [row] = rows("EVENT#")
    told = json.loads(row["event"])
    assert (told["type"], told["detail"]["webhook"], told["detail"]["via"]) == ("refuse", why, "slack")
    assert not worker.visits


def test_without_a_secret_nothing_verifies(worker: HandedOver) -> None:
    boto3.client("ssm", REGION).delete_parameter(Name=PARAMETER)
    stamp = signed()["x-slack-request-timestamp"]
    empty = {"x-slack-request-timestamp": stamp, "x-slack-signature": sign("", stamp, BODY.encode())}
    assert knock(**empty)["statusCode"] == 403
    assert not worker.visits


def test_a_body_beyond_the_limit_is_not_even_verified(worker: HandedOver) -> None:
    assert knock("x" * 70_000, **signed("x" * 70_000))["statusCode"] == 413


def test_a_secret_is_read_again_after_some_minutes(account: None) -> None:
    ssm = boto3.client("ssm", REGION)
    ssm.put_parameter(Name="/d/s", Value="old", Type="SecureString")
    moment = [NOW]
    secrets = CachedSecrets(ParameterSecrets(ssm, "/d"), lambda: moment[0])
    assert secrets.get("s") == "old"
    ssm.put_parameter(Name="/d/s", Value="new", Type="SecureString", Overwrite=True)
    assert secrets.get("s") == "old"
    moment[0] += timedelta(seconds=KEPT_SECONDS)
    assert secrets.get("s") == "new"
    assert secrets.get("nobody-put-it") == ""


def test_one_invocation_takes_a_visit_up_and_its_own_retry_may_go_on(account: None) -> None:
    visits = TableVisits(boto3.client("dynamodb", REGION), "broker")
    visit = Visit("v1", "command", "")
    assert [visits.first(visit, one) for one in ("a", "a", "b")] == [True, True, False]


def test_linked_people_come_with_groups_and_tags_and_others_not_at_all(account: None) -> None:
    make_user("alice", "engineers", **{"access-broker:slack": "T1/UALICE", "team": "web"})
    make_user("carol")
    [linked] = IamDirectory(boto3.client("iam", REGION), lambda: NOW).people()
    assert (linked.handle, linked.caller.name, linked.caller.groups) == ("T1/UALICE", "alice", ("engineers",))
    assert linked.caller.tags["team"] == "web"
