"""The console door through HTTP: a session of kind console, exchanged at the (local) federation endpoint."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

from tests.e2e.door import keys_of, signed

if TYPE_CHECKING:
    from localaws.broker import Broker

DESTINATION = "https://console.aws.amazon.com/ec2/home?region=us-east-1"


def test_the_link_signs_in_as_the_role_under_the_callers_name(broker: Broker) -> None:
    keys = keys_of(broker.session_for("alice"))
    body = {"role": "ec2-full", "reason": "look", "destination": DESTINATION}
    answer = signed(f"{broker.broker_url}/v1/console-links", keys, "POST", body)
    assert (answer.status, answer.document["session"]["kind"]) == (201, "console")
    with urllib.request.urlopen(answer.document["sign_in_url"], timeout=30) as page:  # noqa: S310  loopback
        text = page.read().decode()
    assert f"assumed-role/ec2-full/{answer.document['session']['session_name']}" in text
    assert DESTINATION in text


def test_nobody_is_sent_to_a_page_that_is_not_the_console(broker: Broker) -> None:
    keys = keys_of(broker.session_for("alice"))
    for elsewhere in (
        "https://evil.example/",
        "https://console.aws.amazon.com.evil.example/",
        "http://console.aws.amazon.com/",
    ):
        body = {"role": "ec2-full", "destination": elsewhere}
        answer = signed(f"{broker.broker_url}/v1/console-links", keys, "POST", body)
        assert (answer.status, list(answer.document["fields"])) == (400, ["destination"])


def test_carol_has_no_console_either(broker: Broker) -> None:
    keys = keys_of(broker.session_for("carol"))
    answer = signed(f"{broker.broker_url}/v1/console-links", keys, "POST", {"role": "ec2-full"})
    assert answer.status == 403
