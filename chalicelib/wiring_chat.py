"""Where chat meets its clients; part of wiring, in a file of its own for its length."""
# ruff: noqa: PLC0415  imports inside functions, as in wiring: a cold start loads what the request needs

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import wiring, wiring_approvals, wiring_audit

if TYPE_CHECKING:
    from chalicelib.aws.secrets import ParameterSecrets
    from chalicelib.domain.chat_ports import Worker
    from chalicelib.domain.slack_signature import NotFromSlack
    from chalicelib.services.chatting import Chatting


@cache
def secrets() -> ParameterSecrets:
    """What this deployment shares with others."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.secrets import ParameterSecrets

    return ParameterSecrets(client("ssm"), f"/{wiring.config().deployment}", wiring.clock)


@cache
def worker() -> Worker:
    """The chat function."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.slack_worker import LambdaWorker

    return LambdaWorker(client("lambda"), wiring.config().require("chat_function"))


def turned_away(refusal: NotFromSlack, request_id: str, source_ip: str) -> None:
    """Record a webhook that Slack did not sign. Off the path of those that it did."""
    from chalicelib.domain.callers import Caller
    from chalicelib.domain.events import Origin

    origin = Origin(Caller("unknown", "slack", "", "", ""), request_id, source_ip, wiring.rules().digest, "slack")
    wiring_approvals.records().refused(refusal, "Chat", "", origin, {"webhook": refusal.why})


@cache
def chatting() -> Chatting:
    """The service behind the chat function."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.slack import SlackAnswers
    from chalicelib.aws.slack_people import IamDirectory
    from chalicelib.aws.slack_visits import TableVisits
    from chalicelib.services.chatting import Actions, Chatting

    return Chatting(
        actions=Actions(
            browsing=wiring.browsing(),
            requesting=wiring_approvals.requesting(),
            reading=wiring_approvals.request_reading(),
            deciding=wiring_approvals.deciding(),
            granting=wiring_approvals.granting(),
            sessions=wiring_audit.revoking(),
        ),
        directory=IamDirectory(client("iam"), wiring.clock),
        visits=TableVisits(client("dynamodb"), wiring.config().table),
        answers=SlackAnswers(wiring.config().slack_answers),
        records=wiring_approvals.records(),
        policy_set=wiring.rules().digest,
    )
