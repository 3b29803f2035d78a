"""A session's activity from LookupEvents: pages, caps, and nobody else's calls."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from chalicelib.core.aws.cursors import encoded
from chalicelib.core.domain.errors import AwsUnavailable, InvalidRequest, RefusedByAws
from chalicelib.sessions.aws.cloudtrail import LOOKUPS, CloudTrailActivity
from tests.fakes.sessions import session

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient

ALICES = session()
HOME = "eu-west-1"


def event(number: int, name: str = ALICES.session_name) -> dict[str, Any]:
    """One event as LookupEvents answers it."""
    record = {
        "eventID": f"event-{number}",
        "eventTime": f"2026-11-23T12:{number:02}:00Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::123456789012:assumed-role/ec2-full/{name}",
            "accessKeyId": "ASIA1",
            "sessionContext": {"sourceIdentity": "alice"},
        },
    }
    return {"CloudTrailEvent": json.dumps(record), "Resources": [{"ResourceName": f"i-{number}"}, {}]}


@dataclass
class Trail:
    """LookupEvents, newest first, two events a call."""

    events: list[dict[str, Any]]
    asked: list[dict[str, Any]] = field(default_factory=list)
    fails_with: str = ""

    def lookup_events(self, **query: Any) -> dict[str, Any]:
        self.asked.append(query)
        if self.fails_with:
            raise ClientError({"Error": {"Code": self.fails_with}}, "LookupEvents")
        start = int(query.get("NextToken", "0"))
        more = {"NextToken": str(start + 2)} if start + 2 < len(self.events) else {}
        return {"Events": self.events[start : start + 2], **more}


def activity(trails: dict[str, Trail]) -> CloudTrailActivity:
    return CloudTrailActivity(cast("dict[str, CloudTrailClient]", trails))


def test_calls_come_in_order_of_time_with_what_they_touched() -> None:
    trail = Trail([event(number) for number in (3, 2, 1)])
    page = activity({HOME: trail}).page(ALICES, None)
    assert [call.at[14:16] for call in page.items] == ["01", "02", "03"]
    assert (page.items[0].resources, page.cursor) == (("i-1",), None)


def test_cloudtrail_is_asked_for_the_session_name_and_the_sessions_time() -> None:
    trail = Trail([])
    activity({HOME: trail}).page(ALICES, None)
    asked = trail.asked[0]
    assert asked["LookupAttributes"] == [{"AttributeKey": "Username", "AttributeValue": ALICES.session_name}]
    assert asked["StartTime"] < ALICES.issued_at < asked["EndTime"] == ALICES.expires_at


def test_a_neighbours_calls_are_left_out_even_under_the_same_name() -> None:
    neighbour = event(2, f"{ALICES.session_name}x")
    page = activity({HOME: Trail([neighbour, event(1)])}).page(ALICES, None)
    assert [call.id for call in page.items] == ["event-1"]


def test_long_histories_come_in_pages_of_few_lookups() -> None:
    trail = Trail([event(number) for number in range(2 * LOOKUPS + 1, 0, -1)])
    first = activity({HOME: trail}).page(ALICES, None)
    assert (len(first.items), len(trail.asked)) == (2 * LOOKUPS, LOOKUPS)
    second = activity({HOME: trail}).page(ALICES, first.cursor)
    assert ([call.id for call in second.items], second.cursor) == (["event-1"], None)


def test_every_region_is_looked_up_and_a_call_that_two_of_them_tell_is_one() -> None:
    home, iams = Trail([event(3), event(1)]), Trail([event(3), event(2)])
    log = activity({HOME: home, "us-east-1": iams})
    page = log.page(ALICES, None)
    assert ([call.id for call in page.items], page.cursor) == (["event-1", "event-2", "event-3"], None)
    assert log.regions == (HOME, "us-east-1")


def test_a_page_that_ends_with_a_region_goes_on_with_the_next_one() -> None:
    home, iams = Trail([event(number) for number in range(2 * LOOKUPS + 1, 1, -1)]), Trail([event(1)])
    log = activity({HOME: home, "us-east-1": iams})
    first = log.page(ALICES, None)
    assert (len(first.items), iams.asked) == (2 * LOOKUPS, [])
    second = log.page(ALICES, first.cursor)
    assert ([call.id for call in second.items], second.cursor) == (["event-1"], None)
    assert len(home.asked) == LOOKUPS


def test_a_region_that_is_denied_is_named_and_the_others_are_shown() -> None:
    trails = {HOME: Trail([event(1)]), "us-west-2": Trail([], fails_with="AccessDeniedException")}
    page = activity(trails).page(ALICES, None)
    assert ([call.id for call in page.items], page.denied) == (["event-1"], ("us-west-2",))


def test_with_every_region_denied_that_is_the_answer() -> None:
    trails = {region: Trail([], fails_with="AccessDeniedException") for region in (HOME, "us-west-2")}
    with pytest.raises(RefusedByAws):
        activity(trails).page(ALICES, None)


def test_being_throttled_is_said() -> None:
    with pytest.raises(AwsUnavailable):
        activity({HOME: Trail([], fails_with="ThrottlingException")}).page(ALICES, None)


@pytest.mark.parametrize("cursor", ["\N{SNOWMAN}", "x", encoded("1"), encoded([HOME, 1]), encoded(["us-west-2", None])])
def test_a_cursor_that_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        activity({HOME: Trail([])}).page(ALICES, cursor)


def test_a_token_cloudtrail_does_not_know_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        activity({HOME: Trail([], fails_with="InvalidNextTokenException")}).page(ALICES, encoded([HOME, "1"]))
