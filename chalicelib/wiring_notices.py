"""Where notices meet their clients; part of wiring, in a file of its own for its length."""
# ruff: noqa: PLC0415  imports inside functions, as in wiring: a cold start loads what the request needs

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import wiring, wiring_approvals, wiring_chat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.domain.notice_ports import NoticeQueue
    from chalicelib.domain.notices import Target
    from chalicelib.services.notifying import Spreading, ToldByWebhook, ToldInSlack


@cache
def queue() -> NoticeQueue:
    """Notices on their way."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.notice_queue import SqsNotices

    return SqsNotices(client("sqs"), wiring.config().require("notices_queue_url"))


@cache
def spreading() -> Spreading:
    """The service behind the table's stream. Who is not set up is told nothing."""
    from chalicelib.services.notifying import Spreading

    set_up: Mapping[Target, str] = {"slack": wiring.config().slack_channel, "webhook": wiring.config().webhook_url}
    return Spreading(queue=queue(), targets=tuple(target for target, where in set_up.items() if where))


def tellers() -> Mapping[Target, Callable[[], ToldInSlack | ToldByWebhook]]:
    """The services behind the queue, each made when first needed."""
    return {"slack": in_slack, "webhook": by_webhook}


@cache
def in_slack() -> ToldInSlack:
    """The message in the channel."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.slack import SlackBoard
    from chalicelib.aws.slack_postings import TablePostings
    from chalicelib.services.notifying import ToldInSlack

    config, secrets = wiring.config(), wiring_chat.secrets()
    return ToldInSlack(
        board=SlackBoard(config.slack_api, config.slack_channel, lambda: secrets.get("slack-bot-token")),
        postings=TablePostings(client("dynamodb"), config.table),
        requests=wiring_approvals.requests(),
        sessions=wiring.sessions(),
        clock=wiring.clock,
    )


@cache
def by_webhook() -> ToldByWebhook:
    """The other system."""
    from chalicelib.aws.outgoing_webhook import SignedWebhook
    from chalicelib.services.notifying import ToldByWebhook

    config, secrets = wiring.config(), wiring_chat.secrets()
    outlet = SignedWebhook(
        url=config.webhook_url,
        secret=lambda: secrets.get("webhook-secret"),
        clock=wiring.clock,
        loopback=config.webhook_loopback,
    )
    return ToldByWebhook(outlet=outlet, sessions=wiring.sessions())
