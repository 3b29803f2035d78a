"""Services and clients of chat, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.access.wiring import recognition, rules
from chalicelib.approvals.wiring import approval_records, request_browser, request_decisions, request_filing
from chalicelib.core.wiring import clock, config
from chalicelib.explain.wiring import role_browser
from chalicelib.sessions.wiring import grant_ender, session_revoker

if TYPE_CHECKING:
    from chalicelib.chat.domain.slack_signature import NotFromSlack
    from chalicelib.chat.services.respond import ChatResponder, Worker
    from chalicelib.core.services.secrets import CachedSecrets


@cache
def secrets() -> CachedSecrets:
    """Secrets that this deployment shares with other systems."""
    from chalicelib.core.aws.clients import client
    from chalicelib.core.aws.secrets import ParameterSecrets
    from chalicelib.core.services.secrets import CachedSecrets

    return CachedSecrets(ParameterSecrets(client("ssm"), f"/{config().deployment}"), clock)


@cache
def worker() -> Worker:
    """The chat function."""
    from chalicelib.chat.aws.slack_worker import LambdaWorker
    from chalicelib.core.aws.clients import client

    return LambdaWorker(client("lambda"), config().require("chat_function"))


def turned_away(refusal: NotFromSlack, request_id: str, source_ip: str) -> None:
    """Record a webhook that Slack did not sign. Off the path of those that it did."""
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.events import Origin

    origin = Origin(Caller("unknown", "slack", "", "", ""), request_id, source_ip, rules().digest, "slack")
    approval_records().refused(refusal, "Chat", "", origin, {"webhook": refusal.why})


@cache
def chat_responder() -> ChatResponder:
    """The service behind the chat function."""
    from chalicelib.chat.aws.seen_requests import TableVisits
    from chalicelib.chat.aws.slack import SlackAnswers
    from chalicelib.chat.aws.slack_people import IamDirectory
    from chalicelib.chat.services.respond import Actions, ChatResponder
    from chalicelib.core.aws.clients import client

    return ChatResponder(
        actions=Actions(
            role_browser=role_browser(),
            request_filing=request_filing(),
            reading=request_browser(),
            request_decisions=request_decisions(),
            grant_ender=grant_ender(),
            sessions=session_revoker(),
        ),
        directory=IamDirectory(client("iam"), clock),
        check_not_suspended=recognition().check_not_suspended,
        visits=TableVisits(client("dynamodb"), config().table),
        answers=SlackAnswers(config().slack_answers),
        records=approval_records(),
        policy_set=rules().digest,
    )
