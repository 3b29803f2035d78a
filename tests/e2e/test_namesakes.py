"""A user who is deleted and made again under the same name gets nothing of what the old one had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.auditing import ask, delete_user, eventually, make_engineer, with_mfa

if TYPE_CHECKING:
    from localaws.broker import Broker

ROLE = {"role": "prod-ec2", "reason": "deploy 1.2"}


def test_grants_requests_and_sessions_stay_with_the_old_unique_id(broker: Broker) -> None:
    erin = make_engineer(broker, "erin")
    request = ask(broker, erin, "POST", "/v1/requests", {**ROLE, "duration_seconds": 3600}).document["id"]
    assert (
        ask(broker, with_mfa(broker, "bob"), "POST", f"/mfa/v1/requests/{request}/approve", {}).document["state"]
        == "approved"
    )
    taken = eventually(
        lambda: ask(broker, erin, "POST", "/v1/credentials", ROLE), lambda answer: answer.status == 201
    ).document["session"]["id"]
    listed = eventually(
        lambda: ask(broker, erin, "GET", "/v1/sessions?caller=erin").document["sessions"], lambda found: found
    )
    assert [session["id"] for session in listed] == [taken]

    delete_user(broker, "erin")
    namesake = make_engineer(broker, "erin")

    refused = ask(broker, namesake, "POST", "/v1/credentials", ROLE)
    assert (refused.status, refused.document["code"]) == (403, "approval_required")
    assert ask(broker, namesake, "GET", "/v1/sessions?caller=erin").document["sessions"] == []
    assert ask(broker, namesake, "GET", f"/v1/sessions/{taken}").status == 404
    assert ask(broker, namesake, "DELETE", f"/v1/sessions/{taken}").status in {403, 404}
    assert ask(broker, namesake, "GET", f"/v1/requests/{request}").status == 404
    assert ask(broker, namesake, "GET", "/v1/requests?caller=erin").document["requests"] == []
    delete_user(broker, "erin")
