"""Lines of an audit log group: read in order, copied into another group, and checked as a chain."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from chalicelib.audit.aws.log_writer import CloudWatchAuditLog
from chalicelib.audit.domain.hash_chain import Link, digest, line
from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_logs import CloudWatchLogsClient

TAKEN = timedelta(days=13, hours=12)
"""CloudWatch Logs takes events up to 14 days old (PutLogEvents); copying needs some time, too."""

AT_ONCE = 500


def read(logs: CloudWatchLogsClient, group: str) -> list[Link]:
    """The lines of the chain in the order of their time; foreign lines are left out."""
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    texts = [(one["timestamp"], one["message"]) for page in pages for one in page["events"]]
    return sorted(_links(texts), key=lambda link: link.seq)


def _links(texts: Sequence[tuple[int, str]]) -> Iterator[Link]:
    known = set()
    for stamp, text in texts:
        event = line(text)
        if not event or digest(event) != event["hash"] or event["hash"] in known:
            continue
        at = datetime.fromisoformat(event["recorded_at"])
        if round(at.timestamp() * 1000) == stamp:
            known.add(event["hash"])
            yield Link(event["id"], event["seq"], event["hash"], at, text)


def copy(logs: CloudWatchLogsClient, links: Sequence[Link], group: str, now: datetime) -> list[Link]:
    """Put those lines into the group that CloudWatch still takes; answer them."""
    young = [link for link in links if link.recorded_at > now - TAKEN]
    writer = CloudWatchAuditLog(logs, group)
    for start in range(0, len(young), AT_ONCE):
        writer.put(young[start : start + AT_ONCE])
    return young


def verify(links: Sequence[Link]) -> None:
    """Raise PackagingFailed unless each line follows the one before."""
    for before, link in pairwise(links):
        if link.seq != before.seq + 1 or json.loads(link.line)["previous"] != before.hash:
            raise PackagingFailed(f"the chain breaks after event {before.seq}, at event {link.seq}")
