"""The desk of those who revoke: its rules, sessions, roles and the recorded orders."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.services.rights import Rights
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.roles import Role
from chalicelib.sessions.domain.revocation_record import Revocation
from chalicelib.sessions.services.revoke import SessionRevoker
from tests.fakes.core import (
    EC2,
    Clock,
    FakeCatalogue,
    FakeJournal,
    FakeProvisioner,
    Ids,
    origin,
    refusals,
)
from tests.fakes.sessions import FakeSessions

RITA = Caller("user", "rita", "arn:aws:iam::123456789012:user/rita", "123456789012", "AIDA7", ("responders",))
OLGA = Caller("user", "olga", "arn:aws:iam::123456789012:user/olga", "123456789012", "AIDA8", ("owners",))
S3 = Role("s3-read", "arn:aws:iam::123456789012:role/access-broker/s3-read", max_session_seconds=7200)
POLICIES = """
@id("seen") permit (principal, action == Broker::Action::"SeeRole", resource);
@id("responders") permit (principal in Broker::Group::"responders", action == Broker::Action::"Revoke", resource);
@id("owners") @reason("required")
permit (principal in Broker::Group::"owners", action == Broker::Action::"Revoke", resource == Broker::Role::"ec2-full");
"""


DONE: dict[str, Any] = {"used_percent": 1.0, "widened": []}


@dataclass
class Desk:
    """A revoking service and everything it touches."""

    sessions: FakeSessions = field(default_factory=FakeSessions)
    provisioner: FakeProvisioner = field(default_factory=lambda: FakeProvisioner(answer=DONE))
    journal: FakeJournal = field(default_factory=FakeJournal)
    clock: Clock = field(default_factory=Clock)
    roles: dict[str, Role] = field(default_factory=lambda: {EC2.name: EC2, S3.name: S3})

    @property
    def service(self) -> SessionRevoker:
        catalogue = FakeCatalogue(self.roles)
        return SessionRevoker(
            home="123456789012",
            rights=Rights(rules=load_rules({"a.cedar": POLICIES}), catalogue=catalogue, clock=self.clock),
            sessions=self.sessions,
            provisioner=self.provisioner,
            journal=self.journal,
            refusals=refusals(self.journal, self.clock),
            clock=self.clock,
            new_id=Ids(),
        )

    def end(self, scope: str) -> Revocation:
        """End alice, or the role she is on."""
        if scope == "caller":
            return self.service.end_caller("alice", "", origin(RITA))
        return self.service.end_role("ec2-full", "", origin(RITA))

    def events(self) -> list[dict[str, Any]]:
        """The events that ride with the orders."""
        return [json.loads(order["event"]) for order in self.provisioner.orders]


@pytest.fixture
def desk() -> Desk:
    return Desk()
