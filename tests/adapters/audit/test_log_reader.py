"""Reading the audit log group: filters, pages, and what stands there that is no event."""

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from chalicelib.audit.aws.log_reader import CALLS, CloudWatchAuditReader
from chalicelib.audit.domain.filter import AuditFilter
from chalicelib.audit.domain.hash_chain import GENESIS, chain
from chalicelib.core.domain.errors import InvalidRequest, RefusedByAws
from tests.adapters.audit.desk import event_text
from tests.fakes.core import NOW

EVERYTHING = AuditFilter(NOW - timedelta(hours=1))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def logged(count: int) -> list[dict[str, Any]]:
    """Log events as FilterLogEvents answers them."""
    links = chain([json.loads(event_text(number)) for number in range(count)], GENESIS, NOW)
    return [{"timestamp": (one.recorded_at - EPOCH) // timedelta(milliseconds=1), "message": one.line} for one in links]


@dataclass
class CloudWatch:
    """FilterLogEvents over a list. `tokens`: whether it pages with tokens, as AWS does."""

    events: list[dict[str, Any]]
    tokens: bool = True
    empty_pages: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)

    def filter_log_events(self, **query: Any) -> dict[str, Any]:
        self.asked.append(query)
        fitting = [one for one in self.events if one["timestamp"] >= query["startTime"]]
        fitting = [one for one in fitting if one["timestamp"] <= query.get("endTime", one["timestamp"])]
        start = int(query.get("nextToken", "0"))
        if self.empty_pages:
            self.empty_pages -= 1
            return {"events": [], "nextToken": str(start)}
        page = fitting[start : start + query["limit"]]
        more = self.tokens and start + len(page) < len(fitting)
        return {"events": page, **({"nextToken": str(start + len(page))} if more else {})}


def reading(logs: Any) -> CloudWatchAuditReader:
    return CloudWatchAuditReader(logs, "/audit")


def everything(reader: CloudWatchAuditReader, wanted: AuditFilter = EVERYTHING, limit: int = 3) -> list[Any]:
    found: list[Any] = []
    cursor = None
    while True:
        page = reader.page(wanted, limit, cursor)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("tokens", [True, False])
def test_pages_follow_one_another_to_the_end(*, tokens: bool) -> None:
    found = everything(reading(CloudWatch(logged(10), tokens)))
    assert [line["seq"] for line in found] == list(range(1, 11))


def test_each_line_comes_with_the_time_the_log_keeps_for_it() -> None:
    line = everything(reading(CloudWatch(logged(1))))[0]
    assert line["logged_at"] == line["recorded_at"] == "2026-11-23T12:00:00.000Z"


def test_filters_narrow_what_aws_transfers_and_are_checked_again() -> None:
    fake = CloudWatch(logged(5))
    wanted = replace(EVERYTHING, caller="alice", role="ec2-full", type="issue")
    assert everything(reading(fake), wanted) == []
    assert fake.asked[0]["filterPattern"] == (
        '{ ($.caller.name = "alice") && ($.role = "ec2-full") && ($.type = "issue") }'
    )


def test_a_session_is_searched_as_a_phrase_since_a_revocation_may_name_many() -> None:
    fake = CloudWatch([])
    everything(reading(fake), replace(EVERYTHING, session="01m844dzg00000000000000001"))
    assert fake.asked[0]["filterPattern"] == '"01m844dzg00000000000000001"'


def test_until_does_not_count_in() -> None:
    events = logged(3)
    wanted = replace(EVERYTHING, until=EPOCH + timedelta(milliseconds=events[2]["timestamp"]))
    assert len(everything(reading(CloudWatch(events)), wanted)) == 2


def test_a_search_that_finds_nothing_for_long_is_cut_into_pages() -> None:
    fake = CloudWatch(logged(1), empty_pages=CALLS + 2)
    reader = reading(fake)
    page = reader.page(EVERYTHING, 3, None)
    assert (page.items, len(fake.asked)) == ((), CALLS)
    assert [line["seq"] for line in reader.page(EVERYTHING, 3, page.cursor).items] == [1]


def rewritten(**members: Any) -> str:
    """A line of the log after somebody with the rights of an administrator went over it."""
    return json.dumps({**json.loads(logged(1)[0]["message"]), **members})


@pytest.mark.parametrize(
    "message",
    [
        "not json", "[]", '"text"', "5", '{"version": 1}', "[" * 5000 + "]" * 5000,
        rewritten(caller="alice"), rewritten(caller={"name": []}), rewritten(detail="x"),
        rewritten(detail={"sessions": None}), rewritten(policies=5), rewritten(seq="x"), rewritten(role={}),
        rewritten(reason="\ud800"), rewritten(detail={"many": float("nan")}),
    ],
)  # fmt: skip
def test_what_is_no_event_is_shown_as_the_text_it_is_and_to_those_only_who_ask_for_everything(message: str) -> None:
    fake = CloudWatch([{"timestamp": logged(1)[0]["timestamp"], "message": message}])
    shown = everything(reading(fake))
    assert shown == [{"unreadable": message, "logged_at": "2026-11-23T12:00:00.000Z"}]
    assert msgspec.json.encode(shown)
    since = EVERYTHING.since
    for narrow in (AuditFilter(since, caller="alice"), AuditFilter(since, role="ec2-full"),
                   AuditFilter(since, type="issue"), AuditFilter(since, session="s")):  # fmt: skip
        assert everything(reading(fake), narrow) == []


@pytest.mark.parametrize(
    "cursor",
    ["x", "e30=", "WzEsMl0=", "WyJhIixudWxsXQ==", "Wy01LG51bGxd", "\N{SNOWMAN}",
     *(base64.urlsafe_b64encode(made_up).decode() for made_up in (b"[" * 3000, b"[" * 5000, b"9" * 4000))],
)  # fmt: skip
def test_a_cursor_of_somebody_elses_making_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        reading(CloudWatch([])).page(EVERYTHING, 3, cursor)


def test_awss_refusal_keeps_its_code() -> None:
    class Refusing:
        def filter_log_events(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "arn:aws:…"}}, "FilterLogEvents")

    with pytest.raises(RefusedByAws) as refused:
        reading(Refusing()).page(EVERYTHING, 3, None)
    assert refused.value.aws_code == "AccessDeniedException"
