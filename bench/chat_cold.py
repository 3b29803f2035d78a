"""The chat webhook's cold path: a fresh process from the signed event to its answer, against boto3's STS client."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bench.canned_answers import SIGNING_SECRET
from bench.driving import BARE_BOTO3, bare_boto3, warm_bytecode
from bench.first_events import api_event
from bench.noise import interleaved, ratio
from bench.processes import ChildFailed, canned_aws, cold_start
from chalicelib.chat.domain.slack_signature import sign

if TYPE_CHECKING:
    from pathlib import Path

    from bench.noise import Figure
    from bench.processes import ColdStart
    from bench.trees import Trees

PATH = "/chat/slack/commands"
ANSWERED = 200


def measure(trees: Trees, scratch: Path, rounds: int) -> dict[str, Figure | int]:
    """`chat_cold_over_boto3`: CPU seconds over CPU seconds, each process whole."""
    warm_bytecode()
    with canned_aws(0) as environment:
        cases = {
            "webhook": partial(webhook, trees.packed, environment, scratch),
            BARE_BOTO3: partial(bare_boto3, environment),
        }
        starts = interleaved(cases, rounds)
    cpu = {name: [start.cpu_seconds for start in taken] for name, taken in starts.items()}
    return {
        "chat_cold_over_boto3": ratio(cpu["webhook"], cpu[BARE_BOTO3]),
        "chat_cold_modules": starts["webhook"][0].modules,
    }


def webhook(tree: Path, environment: dict[str, str], scratch: Path) -> ColdStart:
    """One cold start; ChildFailed unless the event was verified, handed over and answered."""
    event = scratch / "slack-command.json"
    event.write_text(json.dumps(command(int(time.time()))))
    start = cold_start(str(tree), "app.app", event, environment)
    if (start.answer["statusCode"], start.answer["body"]) != (ANSWERED, ""):
        raise ChildFailed(f"the chat webhook answered {start.answer}")
    return start


def command(at: int) -> dict[str, Any]:
    """`/access request prod-ec2 2h deploy`, signed as Slack does at that second."""
    form = {
        "team_id": "T0BENCH",
        "user_id": "U0ALICE",
        "command": "/access",
        "text": "request prod-ec2 2h deploy",
        "response_url": "https://hooks.slack.com/commands/T0BENCH/1/2",
    }
    body = urlencode(form)
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": str(at),
        "x-slack-signature": sign(SIGNING_SECRET, str(at), body.encode()),
    }
    return {**api_event("POST", PATH, None), "body": body, "headers": headers, "multiValueHeaders": {}}
