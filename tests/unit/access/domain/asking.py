"""Asks and rules as short as a test needs them."""

from datetime import UTC, datetime

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import AccessRules, Ask
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.roles import Role

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SEEN = '@id("seen") permit (principal, action == Broker::Action::"SeeRole", resource);'
TAKE = 'action == Broker::Action::"TakeCredentials"'


def caller(name: str = "alice", *groups: str, **tags: str) -> Caller:
    return Caller("user", name, f"arn:aws:iam::123456789012:user/{name}", "123456789012", "AIDA1", groups, tags)


def role(name: str = "ec2", **tags: str) -> Role:
    return Role(name, f"arn:aws:iam::123456789012:role/access-broker/{name}", tags=tags)


def ask(who: Caller | None = None, what: Role | None = None, **more: object) -> Ask:
    return Ask("TakeCredentials", who or caller(), what or role(), NOW, **more)  # type: ignore[arg-type]


def rules(*policies: str) -> AccessRules:
    return load_rules({f"{number}.cedar": text for number, text in enumerate((SEEN, *policies))})
