"""Callers that are refused: carol by the rules, forged requests by the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.demo.brokered import ROLE

if TYPE_CHECKING:
    from localaws.demo.stage import Stage

REASON = "curious"


def the_broker_refuses_carol(stage: Stage) -> None:
    """She signs correctly. No rule permits her, and the refusal says what is missing."""
    stage.open("Carol is in no group: the broker refuses her and says why")
    said = stage.curl("/v1/credentials", {"role": ROLE, "reason": REASON}, stage.keys("carol"))
    stage.show(said.text)
    stage.expect("not_allowed", true=said.document.get("code") == "not_allowed", answer=said.text)
    stage.expect("a reason", true=bool(said.document.get("detail")), answer=said.text)


def the_gateway_refuses_forgers(stage: Stage) -> None:
    """An unsigned call and a wrong secret never reach the broker's code."""
    stage.open("Unsigned, or signed with a wrong secret: API Gateway refuses")
    unsigned = stage.curl("/v1/whoami")
    stage.show(unsigned.text)
    stage.expect("a refusal", true="Missing Authentication Token" in unsigned.text, answer=unsigned.text)
    access_key = stage.keys("alice").partition(":")[0]
    stage.say("Alice's access key with a secret that is not hers:")
    forged = stage.curl("/v1/whoami", user=f"{access_key}:not-her-secret")
    stage.show(forged.text)
    stage.expect("a refusal", true="signature" in forged.text and "name" not in forged.document, answer=forged.text)
