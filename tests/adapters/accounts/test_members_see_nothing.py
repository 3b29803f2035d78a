"""A role session of a member account for which no rule is written, on every signed route of the hub."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.contract.openapi.document import operations
from chalicelib.contract.openapi.examples import BODIES, ID
from chalicelib.contract.openapi.parameters import EXAMPLES
from chalicelib.sessions.aws.session_log import session_to_row
from tests.adapters.accounts.test_member_callers import DEV, hub
from tests.adapters.conftest import make_user
from tests.adapters.provisioning.test_api import LambdaInProcess, invoked
from tests.fakes.core import EC2
from tests.fakes.sessions import session

if TYPE_CHECKING:
    import pytest

    from tests.adapters.accounts.test_member_callers import Hub

__all__ = ["LambdaInProcess", "hub", "invoked"]

OPEN = {
    "GET /v1/requests",
    "GET /v1/roles",
    "GET /v1/sessions",
    "GET /v1/sessions/active",
    "GET /v1/whoami",
}
"""Answered with what is the caller's own: nothing, and its name."""


def test_it_learns_nothing_of_the_hub_and_does_nothing_there(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The paths and bodies name a session, a role and a user that there are. What a refusal repeats is no news."""
    for name in ("AUDIT_LOG_GROUP", "CLEANUP_FUNCTION"):
        monkeypatch.setenv(f"BROKER_{name}", "never asked")
    alice = make_user("alice", "engineers")
    made = session(1, issued_at=datetime.now(UTC) - timedelta(minutes=1))
    hub.put(session_to_row(made))
    stranger, opened = hub.role(DEV.id, "stranger"), set()
    for one in [one for one in operations() if one.signed]:
        path = re.sub(r"{(\w+)}", lambda found: EXAMPLES[found[1]], one.path).replace(ID, made.id)
        body = json.loads(json.dumps(BODIES[one.body]).replace(ID, made.id)) if one.body in BODIES else None
        status, document, _ = hub.call(one.method, path, stranger, body)
        assert status < HTTPStatus.INTERNAL_SERVER_ERROR, (one.path, document)
        secrets = (alice["user"], alice["userArn"], EC2.arn, EC2.description, made.source_identity, "standing")
        assert not [word for word in secrets if word and word in json.dumps(document)], (one.path, document)
        if status < HTTPStatus.BAD_REQUEST:
            opened.add(f"{one.method} {one.path.removeprefix('/mfa')}")
    assert opened == OPEN
    assert hub.call("GET", "/v1/roles", stranger)[1]["roles"] == []
    assert hub.call("GET", "/v1/sessions", stranger)[1]["sessions"] == []
