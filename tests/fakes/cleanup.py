"""One account as clean-up sees it: the provisioner is the real one on fakes, so its every write can be cut off."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.cleanup.domain.facts import NO_SIGNS, MemberLook, RoleFacts, Signs
from chalicelib.cleanup.domain.key_terms import KeyTerms
from chalicelib.cleanup.domain.marks import Mark
from chalicelib.cleanup.domain.report import Budget
from chalicelib.cleanup.domain.staleness import Ours
from chalicelib.cleanup.domain.terms import Terms
from chalicelib.cleanup.services.act import RoleRetirement
from chalicelib.cleanup.services.keys import KeyRetirement
from chalicelib.cleanup.services.records import CleanupRecords
from chalicelib.cleanup.services.run import ONE_RUN_AT_A_TIME, CleanupRun
from chalicelib.cleanup.services.scan import AccountScan
from chalicelib.cleanup.services.tidy import Tidier
from chalicelib.core.domain.errors import AccountUnreachable, AwsUnavailable, Conflict, NotFound
from chalicelib.core.domain.roles import ROLE_PATH, split_role_name
from chalicelib.provisioning.domain.export import role_as_found
from chalicelib.provisioning.domain.fingerprints import fingerprint
from chalicelib.provisioning.domain.role_state import DENY_ALL, QUARANTINE_POLICY, ProvisionedRole, RoleState
from tests.fakes.cleanup_users import CLEANER, OURS, FakeAccountUsers, KeyAccount
from tests.fakes.core import FakeProvisioner
from tests.fakes.provisioning import ADMIN, DEPLOYMENT, START, World
from tests.fakes.provisioning_iam import Killed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from chalicelib.cleanup.domain.terms import Stage
    from chalicelib.core.domain.events import AuditEvent
    from chalicelib.core.domain.roles import Role

BOLD = Terms(up_to="deleted")


@dataclass
class FakeMarks:
    """Rows with versions; a write of each counts among the world's writes."""

    write: Callable[[str], None]
    held: dict[str, Mark] = field(default_factory=dict)
    events: list[AuditEvent] = field(default_factory=list)
    runs: list[AuditEvent] = field(default_factory=list)

    def every(self) -> list[Mark]:
        return list(self.held.values())

    def get(self, role: str) -> Mark | None:
        return self.held.get(role)

    def save(self, mark: Mark, event: AuditEvent | None) -> None:
        self.write(f"mark {mark.role} {mark.acting or mark.stage}")
        before = self.held.get(mark.role)
        if mark.version != (before.version + 1 if before else 1):
            raise Conflict("Another call changed this.")
        self.held[mark.role] = mark
        self.events += [event] if event else []

    def forget(self, mark: Mark) -> None:
        self.write(f"forget {mark.role}")
        if self.held.get(mark.role) == mark:
            del self.held[mark.role]

    def record_run(self, event: AuditEvent) -> None:
        self.write("run")
        self.runs.append(event)


@dataclass
class FakeRoleInventory:
    """IAM in bulk. A page of one role; `throttled` is the page that does not come.

    `shut` are member accounts that do not let the broker in, `left` those that are not served any more.
    """

    world: CleanupWorld
    throttled: tuple[int, Exception] | None = None
    after_the_pass: Callable[[], None] | None = None
    looks: list[str] = field(default_factory=list)
    shut: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)

    def enter(self, name: str) -> None:
        """AwsUnavailable as it comes from the provision function, NotFound if the account is not served."""
        account, _ = split_role_name(name)
        if account in self.left:
            raise NotFound(f"There is no account {account}")
        if account in self.shut:
            raise AwsUnavailable(AccountUnreachable(account, "AccessDenied").detail)

    def of_members(self, names: Iterable[str]) -> Iterator[MemberLook]:
        for account in sorted({split_role_name(name)[0] for name in names}):
            here = sorted(name for name in names if name.startswith(f"{account}:"))
            try:
                self.enter(here[0])
            except (AwsUnavailable, NotFound) as error:
                yield MemberLook(account, why=error.detail, left=isinstance(error, NotFound))
            else:
                yield MemberLook(
                    account, tuple(self.world.facts(one) for one in here if one in self.world.iam.roles.held)
                )

    def every(self) -> Iterator[RoleFacts]:
        own = [name for name in sorted(self.world.iam.roles.held) if not split_role_name(name)[0]]
        for number, name in enumerate(own):
            if self.throttled and number == self.throttled[0]:
                raise self.throttled[1]
            yield self.world.facts(name)
        if self.after_the_pass:
            happening, self.after_the_pass = self.after_the_pass, None
            happening()

    def look(self, name: str) -> RoleFacts | None:
        self.looks.append(name)
        self.enter(name)
        return self.world.facts(name) if name in self.world.iam.roles.held else None


@dataclass(kw_only=True)
class ProvisionerInProcess(FakeProvisioner):
    """The provision function with its real services, on the fake IAM and table."""

    world: World
    enter: Callable[[str], None]
    keys: KeyAccount

    def act(self, order: Mapping[str, Any]) -> dict[str, Any]:
        action, name = order["action"], order.get("name", "")
        if action.endswith(("_key", "_keys")):
            return self.keys.carry_out(order)
        self.enter(name)
        if action == "prune_revocations":
            return {"changed": ["tool"], "failed": []}
        # IAM's NoSuchEntity: what is gone already is done (aws/iam_roles.py).
        with suppress(KeyError):
            terms = {"quarantined": order["quarantined"]} if "quarantined" in order else {}
            self._actions()[action](name, CLEANER, **terms)
        return {"name": name}

    def _actions(self) -> dict[str, Callable[..., object]]:
        return {
            "quarantine_role": self.world.quarantine.quarantine,
            "release_role": self.world.quarantine.release,
            "delete_role": self.world.deletion.delete,
            "restore_role": self.world.restoration.restore,
        }


@dataclass
class FakeLapses:
    fails_with: Exception | None = None

    def run(self) -> tuple[int, int]:
        if self.fails_with:
            raise self.fails_with
        return 2, 3


@dataclass
class CleanupWorld:
    """The provisioner's world, with time, use and the broker's own rows."""

    terms: Terms = BOLD
    key_terms: KeyTerms = field(default_factory=KeyTerms)
    budget: Budget = field(default_factory=lambda: Budget(roles=20, percent=100))
    iam: World = field(default_factory=World)
    signs: dict[str, Signs] = field(default_factory=dict)
    created: dict[str, datetime] = field(default_factory=dict)
    used: dict[str, datetime] = field(default_factory=dict)
    lapses: FakeLapses = field(default_factory=FakeLapses)
    people: FakeAccountUsers = field(default_factory=FakeAccountUsers)

    def __post_init__(self) -> None:
        self.marks = FakeMarks(self.iam.happens.write)
        self.account = FakeRoleInventory(self)
        self.keys = KeyAccount(self.iam)
        self.provisioner = ProvisionerInProcess(world=self.iam, enter=self.account.enter, keys=self.keys)

    def add(self, name: str, *, created: float = 300, used: float | None = 120, **state: Any) -> None:
        """A role made so many days ago, and last used so many."""
        whole = {"boundary_arn": DEPLOYMENT.where(name).boundary_arn, "tags": OURS, **state}
        made = RoleState("", 3600, {"Version": "2012-10-17", "Statement": []}, **whole)
        arn = DEPLOYMENT.role_arn(name)
        unique_id = f"AROA-{name}"
        self.iam.roles.held[name] = ProvisionedRole(name, arn, ROLE_PATH, unique_id, made)
        self.created[unique_id] = START - timedelta(days=created)
        if used is not None:
            self.used[unique_id] = START - timedelta(days=used)

    def catalogued(self, name: str) -> Role:
        """The catalogue's row, as the provisioner wrote it when it made the role as it is now."""
        role = self.iam.roles.held[name]
        return role_as_found(name, role.arn, role.state, ())

    def at(self, name: str, stage: Stage, days: float, acting: Stage | None = None) -> None:
        """The role has been in that stage for so many days."""
        since = START - timedelta(days=days)
        self.marks.held[name] = Mark(name, f"AROA-{name}", stage, since, since, acting)
        if stage == "quarantined" and name in self.iam.roles.held:
            self.quarantine(name)

    def quarantine(self, name: str) -> None:
        role = self.iam.roles.held[name]
        inline = {**role.state.inline_policies, QUARANTINE_POLICY: DENY_ALL}
        self.iam.roles.held[name] = replace(role, state=replace(role.state, inline_policies=inline))

    def facts(self, name: str) -> RoleFacts:
        role = self.iam.roles.read(name)
        assert role is not None
        return RoleFacts(
            name,
            role.path,
            role.unique_id,
            self.created.setdefault(role.unique_id, self.iam.now),
            self.used.get(role.unique_id),
            role.state.tags,
            role.instance_profiles,
            role.state.boundary_arn,
            QUARANTINE_POLICY in role.state.inline_policies,
            fingerprint(role.state),
        )

    def of(self, role: str, _now: datetime) -> Signs:
        """As the port RoleSigns."""
        return self.signs.get(role, NO_SIGNS)

    def fingerprints(self) -> dict[str, Mapping[str, str]]:
        """As the port Applied."""
        return {name: role.fingerprint for name, role in self.iam.log.roles.items()}

    def pass_days(self, days: float) -> None:
        self.iam.now += timedelta(days=days)

    def use(self, name: str) -> None:
        self.used[self.iam.roles.held[name].unique_id] = self.iam.now

    @property
    def cleanup_run(self) -> CleanupRun:
        ours = Ours(DEPLOYMENT.name, DEPLOYMENT.boundary_arn, self.terms)
        account_scan = AccountScan(roles=self.account, signs=self, marks=self.marks, applied=self, ours=ours)
        records = CleanupRecords(marks=self.marks, origin=CLEANER, clock=self.iam.clock, new_id=self.iam.new_id)
        acting = RoleRetirement(account_scan=account_scan, records=records, provisioner=self.provisioner)
        tidier = Tidier(provisioner=self.provisioner, lapses=self.lapses, people=self.people)
        one_run = replace(self.iam.leases, terms=ONE_RUN_AT_A_TIME)
        return CleanupRun(
            role_retirement=acting,
            key_retirement=KeyRetirement(
                keys=self.keys,
                marks=self.keys.marks,
                records=records,
                provisioner=self.provisioner,
                terms=self.key_terms,
            ),
            tidier=tidier,
            leases=one_run,
            budget=self.budget,
        )

    def kill(self) -> None:
        """The process ends here."""
        raise Killed

    def kill_at(self, what: str) -> None:
        """The process ends at the first write from now on that begins so."""
        writes = self.iam.writes

        def look() -> None:
            if writes[-1].startswith(what):
                self.iam.happens.at.clear()
                raise Killed

        self.iam.happens.at |= dict.fromkeys(range(len(writes) + 1, len(writes) + 20), look)

    def restore(self, name: str) -> None:
        """`broker roles restore NAME`."""
        self.iam.restoration.restore(name, ADMIN)

    @property
    def stages(self) -> dict[str, Stage]:
        return {name: mark.stage for name, mark in sorted(self.marks.held.items())}

    @property
    def quarantined(self) -> set[str]:
        return {name for name in self.iam.roles.held if self.facts(name).quarantined}

    @property
    def state(self) -> tuple[object, ...]:
        """Everything a run leaves behind but times: marks, roles, and how often each step was told."""
        marks = {name: (mark.stage, mark.acting) for name, mark in self.marks.held.items()}
        told = Counter((event.role, event.detail["before"], event.detail["stage"]) for event in self.marks.events)
        return marks, dict(self.iam.roles.held), told
