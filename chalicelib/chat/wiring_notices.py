"""Services and clients of notices, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.approvals.wiring import requests
from chalicelib.chat.wiring import secrets
from chalicelib.core.wiring import clock, config
from chalicelib.sessions.wiring import sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.chat.domain.notices import Target
    from chalicelib.chat.services.notify import NoticeFanOut, NoticeQueue, SlackNotices, WebhookNotices


@cache
def queue() -> NoticeQueue:
    """Notices on their way."""
    from chalicelib.chat.aws.notice_queue import SqsNotices
    from chalicelib.core.aws.clients import client

    return SqsNotices(
        client("sqs"), config().require("notices_queue_url"), config().require("urgent_notices_queue_url")
    )


@cache
def notice_fan_out() -> NoticeFanOut:
    """The service behind the table's stream. Who is not set up is told nothing."""
    from chalicelib.chat.services.notify import NoticeFanOut

    set_up: Mapping[Target, str] = {"slack": config().slack_channel, "webhook": config().webhook_url}
    return NoticeFanOut(queue=queue(), targets=tuple(target for target, where in set_up.items() if where))


def tellers() -> Mapping[Target, Callable[[], SlackNotices | WebhookNotices]]:
    """The services behind the queue, each made when first needed."""
    return {"slack": in_slack, "webhook": by_webhook}


@cache
def in_slack() -> SlackNotices:
    """The message in the channel."""
    from chalicelib.chat.aws.slack import SlackBoard
    from chalicelib.chat.aws.slack_postings import TablePostings
    from chalicelib.chat.services.notify import SlackNotices
    from chalicelib.core.aws.clients import client

    settings, parameters = config(), secrets()
    return SlackNotices(
        board=SlackBoard(settings.slack_api, settings.slack_channel, lambda: parameters.get("slack-bot-token")),
        postings=TablePostings(client("dynamodb"), settings.table),
        requests=requests(),
        sessions=sessions(),
        clock=clock,
    )


@cache
def by_webhook() -> WebhookNotices:
    """The other system."""
    from chalicelib.chat.aws.outgoing_webhook import SignedWebhook
    from chalicelib.chat.services.notify import WebhookNotices

    settings, parameters = config(), secrets()
    outlet = SignedWebhook(
        url=settings.webhook_url,
        secret=lambda: parameters.get("webhook-secret"),
        clock=clock,
        loopback=settings.webhook_loopback,
    )
    return WebhookNotices(outlet=outlet, sessions=sessions())
