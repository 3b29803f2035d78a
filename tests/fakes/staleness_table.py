"""Kinds of role, and the stage and reason each deserves: one table for the rule, its mutations and the adapters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.cleanup.domain.facts import NO_SIGNS, RoleFacts, Signs
from chalicelib.cleanup.domain.marks import Mark
from chalicelib.cleanup.domain.staleness import Case, Ours
from chalicelib.cleanup.domain.terms import Terms
from chalicelib.core.domain.roles import DEPLOYMENT_TAG, MANAGED_TAG, ROLE_PATH
from chalicelib.provisioning.domain.export import DELETING_TAG

if TYPE_CHECKING:
    from chalicelib.cleanup.domain.terms import Stage

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DEPLOYMENT = "broker-dev"
BOUNDARY = "arn:aws:iam::123456789012:policy/access-broker/boundary"
OURS = {MANAGED_TAG: "true", DEPLOYMENT_TAG: DEPLOYMENT}
ALL_STAGES = Terms(up_to="deleted")


def ago(days: float = 0, hours: float = 0) -> datetime:
    return NOW - timedelta(days=days, hours=hours)


OLD = RoleFacts(
    "tool",
    ROLE_PATH,
    "AROA1",
    created_at=ago(300),
    last_used_at=ago(120),
    tags=OURS,
    boundary_arn=BOUNDARY,
)
"""Stale by every condition."""


def role(**different: object) -> RoleFacts:
    return replace(OLD, **different)  # type: ignore[arg-type]


def tagged(**tags: str) -> RoleFacts:
    """`keep="…"` is the tag access-broker:keep."""
    return role(tags={**OURS, **{f"access-broker:{key.replace('_', '-')}": value for key, value in tags.items()}})


def mark(stage: Stage, days: float, acting: Stage | None = None, started: float | None = None) -> Mark:
    """In that stage for so many days."""
    return Mark("tool", "AROA1", stage, ago(days), ago(days if started is None else started), acting)


@dataclass(frozen=True)
class Kind:
    """One line of the table."""

    what: str
    stage: Stage
    code: str
    role: RoleFacts = OLD
    signs: Signs = NO_SIGNS
    mark: Mark | None = None
    terms: Terms = field(default=ALL_STAGES)

    @property
    def case(self) -> Case:
        return Case(self.role, Ours(DEPLOYMENT, BOUNDARY, self.terms), NOW, self.signs, self.mark)


QUARANTINED = role(quarantined=True)
HALF_DELETED = role(tags={**OURS, DELETING_TAG: "true"})
NEW = RoleFacts("tool", ROLE_PATH, "AROA1", created_at=ago(31), tags=OURS, boundary_arn=BOUNDARY)

TABLE = (
    # Not ours to judge
    Kind("service-linked", "alive", "service_linked", role(path="/aws-service-role/ec2.amazonaws.com/")),
    Kind("reserved by AWS", "alive", "reserved", role(path="/aws-reserved/sso.amazonaws.com/")),
    Kind("another path with our tag", "alive", "other_path", role(path="/")),
    Kind("a path below ours", "alive", "other_path", role(path="/access-broker/team/")),
    Kind("a path that begins like ours", "alive", "other_path", role(path="/access-broker-two/")),
    Kind("ours by path, without the tag", "alive", "not_ours", role(tags={DEPLOYMENT_TAG: DEPLOYMENT})),
    Kind("ours by path, tag says false", "alive", "not_ours", role(tags={**OURS, MANAGED_TAG: "false"})),
    Kind("of another deployment", "alive", "other_deployment", role(tags={**OURS, DEPLOYMENT_TAG: "broker-prod"})),
    # Signs of life
    Kind("used an hour ago", "alive", "used", role(last_used_at=ago(hours=1))),
    Kind("used a day within the threshold", "alive", "used", role(last_used_at=ago(89))),
    Kind("young, never used", "alive", "young", role(created_at=ago(29), last_used_at=None)),
    Kind("young, with a short threshold", "alive", "young", replace(tagged(stale_after="1d"), created_at=ago(29))),
    Kind("never used, past grace, within the threshold", "alive", "used", NEW),
    Kind("kept", "alive", "kept", tagged(keep="year-end closing")),
    Kind("kept without a value", "alive", "kept", tagged(keep="")),
    Kind("kept, in other letters", "alive", "kept", role(tags={**OURS, "Access-Broker:Keep": "yes"})),
    Kind("active session", "alive", "active_session", signs=Signs(active_session="01k1")),
    Kind("active grant", "alive", "active_grant", signs=Signs(active_grant="01k2")),
    Kind("pending request", "alive", "pending_request", signs=Signs(pending_request="01k3")),
    Kind("session issued lately, IAM does not know yet", "alive", "used", signs=Signs(last_session_at=ago(2))),
    Kind("asked for lately, and denied", "alive", "used", signs=Signs(last_request_at=ago(2))),
    Kind("template changed lately", "alive", "used", signs=Signs(changed_at=ago(2))),
    Kind("taken back lately", "alive", "used", mark=mark("alive", 20)),
    Kind("in an instance profile", "alive", "in_instance_profile", role(instance_profiles=("web-servers",))),
    Kind("boundary missing", "alive", "unbounded", role(boundary_arn="")),
    Kind("another boundary", "alive", "unbounded", role(boundary_arn="arn:aws:iam::aws:policy/ReadOnlyAccess")),
    Kind("threshold that is no time", "alive", "unreadable_tags", tagged(stale_after="soon")),
    Kind("threshold of nothing", "alive", "unreadable_tags", tagged(delete_after="0d")),
    Kind("threshold beyond what IAM tracks", "alive", "unreadable_tags", tagged(stale_after="401d")),
    Kind("threshold beyond all numbers", "alive", "unreadable_tags", tagged(stale_after="9999999999d")),
    Kind("longer threshold of its own", "alive", "used", tagged(stale_after="180d")),
    # Stale, stage by stage
    Kind("last used at the threshold to the second", "reported", "stale", role(last_used_at=ago(90))),
    Kind("last used long ago", "reported", "stale"),
    Kind("never used, created before the threshold", "reported", "stale", role(last_used_at=None)),
    Kind("older than IAM tracks", "reported", "stale", role(created_at=ago(900), last_used_at=None)),
    Kind("shorter threshold of its own", "reported", "stale", replace(NEW, tags=tagged(stale_after="7d").tags)),
    Kind("taken back long ago", "reported", "stale", mark=mark("alive", 100)),
    Kind("its name was reported, but it was made again", "reported", "stale", role(unique_id="AROA2"),
         mark=mark("warned", 100)),
    Kind("its name was deleted and made again", "reported", "stale", role(unique_id="AROA2"),
         mark=mark("deleted", 400)),
    Kind("reported a day ago", "reported", "stale", mark=mark("reported", 1)),
    Kind("reported a week ago", "warned", "stale", mark=mark("reported", 7)),
    Kind("reported a week ago, asks for more time", "reported", "stale", tagged(warn_after="30d"),
         mark=mark("reported", 7)),
    Kind("reported a week ago, later stages off", "reported", "stale", mark=mark("reported", 7), terms=Terms()),
    Kind("warned for a week", "warned", "stale", mark=mark("warned", 7)),
    Kind("warned for two weeks", "quarantined", "stale", mark=mark("warned", 14)),
    Kind("warned for two weeks, a run was cut off", "quarantined", "stale", QUARANTINED,
         mark=mark("warned", 14, acting="quarantined")),
    Kind("warned for two weeks, quarantine off", "warned", "stale", mark=mark("warned", 14),
         terms=Terms(up_to="warned")),
    Kind("quarantined for a week", "quarantined", "stale", QUARANTINED, mark=mark("quarantined", 7)),
    Kind("quarantined for a month", "deleted", "stale", QUARANTINED, mark=mark("quarantined", 30)),
    Kind("half deleted, a run was cut off", "deleted", "stale", HALF_DELETED,
         mark=mark("quarantined", 30, acting="deleted")),
    Kind("half deleted by somebody else", "alive", "released", HALF_DELETED, mark=mark("quarantined", 30)),
    Kind("quarantine lifted by somebody after a run was cut off before its delete", "alive", "released",
         mark=mark("quarantined", 30, acting="deleted")),
    Kind("half deleted and restored by somebody", "alive", "used", signs=Signs(changed_at=ago(hours=1)),
         mark=mark("quarantined", 30, acting="deleted")),
    Kind("quarantined for a month, deleting off", "quarantined", "stale", QUARANTINED, mark=mark("quarantined", 30),
         terms=Terms(up_to="quarantined")),
    Kind("deleted a moment ago, IAM still lists it", "deleted", "gone", QUARANTINED, mark=mark("deleted", 0)),
    # Signs of life at a later stage
    Kind("used while reported", "alive", "used", role(last_used_at=ago(1)), mark=mark("reported", 7)),
    Kind("used while warned", "alive", "used", role(last_used_at=ago(1)), mark=mark("warned", 14)),
    Kind("attempted while quarantined", "alive", "used", replace(QUARANTINED, last_used_at=ago(1)),
         mark=mark("quarantined", 30)),
    Kind("granted while quarantined", "alive", "active_grant", QUARANTINED, Signs(active_grant="01k2"),
         mark("quarantined", 30)),
    Kind("kept while quarantined", "alive", "kept", replace(tagged(keep="x"), quarantined=True),
         mark=mark("quarantined", 30)),
    Kind("used since it was reported, past its own short threshold", "alive", "used_since",
         replace(tagged(stale_after="1d"), last_used_at=ago(3)), mark=mark("warned", 2, started=5)),
    Kind("quarantine lifted by somebody", "alive", "released", mark=mark("quarantined", 7)),
    Kind("quarantined by somebody else", "alive", "quarantined_by_others", QUARANTINED),
    Kind("quarantined by somebody else while reported", "alive", "quarantined_by_others", QUARANTINED,
         mark=mark("reported", 7)),
)  # fmt: skip
