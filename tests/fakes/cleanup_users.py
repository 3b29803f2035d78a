"""Users as clean-up sees them: the credential report, and keys that the real service of the provisioner changes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.cleanup.domain.keys import UserKey
from chalicelib.cleanup.domain.users import KeyFacts, UserFacts
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import Conflict
from chalicelib.core.domain.events import Origin
from chalicelib.core.domain.roles import DEPLOYMENT_TAG, MANAGED_TAG, ROLE_PATH
from chalicelib.provisioning.domain.own_identity import OwnKey
from chalicelib.provisioning.domain.users import User
from chalicelib.provisioning.services.own_identity import OwnIdentity
from chalicelib.provisioning.services.user_keys import UserKeys
from tests.fakes.provisioning import ADMIN, DEPLOYMENT, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.core.domain.events import AuditEvent
    from chalicelib.provisioning.domain.key_marks import KeyMark, KeyStage
    from chalicelib.provisioning.domain.own_identity import KeyStatus, OwnDevice

CLEANER = Origin(Caller("role", "broker-dev-cleanup", "", "123456789012", ""))
OURS = {MANAGED_TAG: "true", DEPLOYMENT_TAG: DEPLOYMENT.name}


@dataclass
class FakeAccountUsers:
    users: list[UserFacts] = field(default_factory=list)
    fails_with: Exception | None = None
    waits: list[bool] = field(default_factory=list)

    def every(self, *, patient: bool) -> list[UserFacts]:
        self.waits.append(patient)
        if self.fails_with:
            raise self.fails_with
        return self.users


@dataclass
class FakeKeyMarks:
    """Rows with versions; a write of each counts among the world's writes."""

    write: Callable[[str], None]
    held: dict[str, KeyMark] = field(default_factory=dict)
    events: list[AuditEvent] = field(default_factory=list)

    def every(self) -> list[KeyMark]:
        return list(self.held.values())

    def get(self, key: str) -> KeyMark | None:
        return self.held.get(key)

    def save(self, mark: KeyMark, event: AuditEvent | None) -> None:
        self.write(f"mark {mark.key} {mark.acting or mark.stage}")
        before = self.held.get(mark.key)
        if mark.version != (before.version + 1 if before else 1):
            raise Conflict("Another call changed this.")
        self.held[mark.key] = mark
        self.events += [event] if event else []

    def forget(self, mark: KeyMark) -> None:
        self.write(f"forget {mark.key}")
        if self.held.get(mark.key) == mark:
            del self.held[mark.key]


@dataclass
class KeyAccount:
    """IAM's users and keys, with the provisioner's services for them. A key is named after its user: `dana-1`."""

    world: World
    keys_held: dict[str, OwnKey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.marks = FakeKeyMarks(self.world.happens.write)

    def add(self, *keys: str, tags: Mapping[str, str] = OURS, path: str = ROLE_PATH) -> None:
        """Keys made now, with their users."""
        for key in keys:
            name = key.partition("-")[0]
            arn = f"arn:aws:iam::1:user{path}{name}"
            self.world.users.held.setdefault(name, User(name, arn, path, f"AIDA-{name}", tags))
            self.keys_held[key] = OwnKey(key, "Active", self.world.now)

    def use(self, key: str) -> None:
        """AWS refuses a key that is inactive: such a call is no use."""
        if self.keys_held[key].status == "Active":
            self.keys_held[key] = replace(self.keys_held[key], last_used_at=self.world.now)

    def delete_user(self, name: str) -> None:
        del self.world.users.held[name]
        self.keys_held = {key: one for key, one in self.keys_held.items() if not key.startswith(f"{name}-")}

    @property
    def inactive(self) -> set[str]:
        return {key for key, one in self.keys_held.items() if one.status == "Inactive"}

    @property
    def stages(self) -> dict[str, KeyStage]:
        return {key: mark.stage for key, mark in sorted(self.marks.held.items())}

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """The key, the stage and the reason of each step."""
        return [(event.detail["key"], event.detail["stage"], event.detail["code"]) for event in self.marks.events]

    def report(self) -> list[UserFacts]:
        """The credential report: active keys by number, users of ours only."""
        return [
            UserFacts(
                name,
                self.world.now - timedelta(days=1),
                keys=tuple(
                    KeyFacts(int(key[-1]), one.created_at, one.last_used_at)
                    for key, one in self.keys_held.items()
                    if key.startswith(f"{name}-") and one.status == "Active"
                ),
            )
            for name, user in self.world.users.held.items()
            if user.path == ROLE_PATH and user.is_of(DEPLOYMENT.name)
        ]

    # The port OwnCredentials, as far as keys go.

    def keys(self, name: str) -> tuple[OwnKey, ...]:
        return tuple(one for key, one in self.keys_held.items() if key.startswith(f"{name}-"))

    def set_key_status(self, name: str, key: str, status: KeyStatus) -> None:
        assert key.startswith(f"{name}-")
        self.world.happens.write(f"{status} {key}")
        self.keys_held[key] = replace(self.keys_held[key], status=status)

    def devices(self, _name: str) -> tuple[OwnDevice, ...]:
        return ()

    def count(self, _unique_id: str, _now: datetime) -> int:
        """As the port ActCounts."""
        return 1

    @property
    def service(self) -> UserKeys:
        return UserKeys(
            deployment=DEPLOYMENT.name,
            users=self.world.users,
            own=self,  # type: ignore[arg-type]
            marks=self.marks,
            records=self.world.records,
            leases=self.world.leases,
        )

    @property
    def own_identity(self) -> OwnIdentity:
        return OwnIdentity(
            sign_in=self.world.user_service.sign_in,
            own=self,  # type: ignore[arg-type]
            acts=self,
            marks=self.marks,
            records=self.world.records,
            leases=self.world.leases,
        )

    def set_own(self, key: str, status: KeyStatus) -> None:
        """`broker keys set`, as `broker keys rotate` does it."""
        user = self.world.users.held[key.partition("-")[0]]
        self.own_identity.set_key_status(key, status, Origin(Caller("user", user.name, user.arn, "1", user.unique_id)))

    def restore(self, name: str) -> tuple[str, ...]:
        """`broker keys restore NAME`."""
        return self.service.restore(name, ADMIN)

    def carry_out(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """The provision function's part."""
        name, key = order["name"], order["own"]["key"]
        if order["action"] == "activate_key":
            self.service.activate(name, key, CLEANER)
            return {}
        since = order.get("unused_since")
        unused = datetime.fromisoformat(since) if since else None
        return {"changed": self.service.deactivate(name, key, unused, CLEANER)}

    def of(self, names: Sequence[str]) -> list[UserKey]:
        """As the port KeyInventory."""
        return [
            UserKey(key.id, user.name, key.status == "Active", key.created_at, key.last_used_at, user.tags)
            for user, key in self.service.look(names)
        ]
