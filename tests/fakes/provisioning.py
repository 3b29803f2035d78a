"""One account with one deployment of the provisioner, on fakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.events import Origin
from chalicelib.core.services.leases import Leases
from chalicelib.provisioning.domain.escalation import EscalationPaths
from chalicelib.provisioning.domain.tiers import BOUNDARIES, load_tiers
from chalicelib.provisioning.services.apply import TemplateApplier
from chalicelib.provisioning.services.compile import Deployment, TemplateCompiler
from chalicelib.provisioning.services.converge import RoleConvergence
from chalicelib.provisioning.services.delete import RoleDeletion
from chalicelib.provisioning.services.quarantine import RoleQuarantine
from chalicelib.provisioning.services.records import ProvisioningRecords
from chalicelib.provisioning.services.restore import RoleRestoration
from chalicelib.provisioning.services.sign_in import ConsoleSignIn
from chalicelib.provisioning.services.undo_interrupted import InterruptedChanges
from chalicelib.provisioning.services.users import UserProvisioning
from tests.fakes.core import FakeLeases, Ids, refusals
from tests.fakes.provisioning_iam import ACCOUNT, FakeAccountSettings, FakePolicies, FakeRoles, FakeUsers, Interruptions
from tests.fakes.provisioning_table import FakeProvisionLog

if TYPE_CHECKING:
    from collections.abc import Callable

DEPLOYMENT = Deployment("broker-dev", f"arn:aws:iam::{ACCOUNT}:role/api", f"arn:aws:iam::{ACCOUNT}:policy/boundary")
ADMIN = Origin(Caller("user", "root-of-trust", f"arn:aws:iam::{ACCOUNT}:user/admin", ACCOUNT, "AIDA0"), "request-1")
PROVISIONER = Origin(Caller("role", "broker-dev-provision", "", ACCOUNT, ""))
START = datetime(2026, 11, 23, 12, tzinfo=UTC)


TIERS = load_tiers(
    *(Path(f"policies/{name}.json").read_text() for name in ("tiers", "service-authorization", "reviewed-actions")),
    *(Path(f"policies/{name}.json").read_text() for name in BOUNDARIES.values()),
)
CLASSES = TIERS["workload"].classes


@dataclass
class World:
    """One account with one deployment. Waiting moves the clock and nothing else."""

    now: datetime = START
    happens: Interruptions = field(default_factory=Interruptions)
    log: FakeProvisionLog = field(default_factory=FakeProvisionLog)
    lease_store: FakeLeases = field(default_factory=FakeLeases)
    policies: FakePolicies = field(default_factory=FakePolicies)
    account: FakeAccountSettings = field(default_factory=FakeAccountSettings)
    paths: EscalationPaths = field(default_factory=EscalationPaths)
    new_id: Ids = field(default_factory=Ids)
    while_waiting: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self.roles, self.users = FakeRoles(self.happens), FakeUsers(self.happens)

    @property
    def writes(self) -> list[str]:
        """Every write to IAM so far."""
        return self.happens.writes

    def clock(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        if self.while_waiting:
            self.while_waiting()

    @property
    def leases(self) -> Leases:
        return Leases(store=self.lease_store, clock=self.clock, new_id=self.new_id, pause=self.pause)

    @property
    def records(self) -> ProvisioningRecords:
        recorder = refusals(self.log, self.clock, self.new_id)
        return ProvisioningRecords(log=self.log, refusals=recorder, clock=self.clock, new_id=self.new_id)

    @property
    def convergence(self) -> RoleConvergence:
        return RoleConvergence(roles=self.roles, deployment=DEPLOYMENT.name, pause=self.pause)

    @property
    def provisioning(self) -> TemplateApplier:
        compiler = TemplateCompiler(
            deployment=DEPLOYMENT, policies=self.policies, users=self.users, paths=self.paths, tiers=TIERS
        )
        return TemplateApplier(
            compiler=compiler, convergence=self.convergence, records=self.records, leases=self.leases
        )

    @property
    def quarantine(self) -> RoleQuarantine:
        return RoleQuarantine(convergence=self.convergence, records=self.records, leases=self.leases)

    @property
    def deletion(self) -> RoleDeletion:
        return RoleDeletion(convergence=self.convergence, records=self.records, leases=self.leases)

    @property
    def restoration(self) -> RoleRestoration:
        return RoleRestoration(quarantine=self.quarantine)

    @property
    def interrupted_changes(self) -> InterruptedChanges:
        return InterruptedChanges(
            convergence=self.convergence, records=self.records, leases=self.leases, origin=PROVISIONER
        )

    @property
    def user_service(self) -> UserProvisioning:
        sign_in = ConsoleSignIn(deployment=DEPLOYMENT, users=self.users, account=self.account, draw=lambda n: n // 2)
        return UserProvisioning(
            deployment=DEPLOYMENT, users=self.users, sign_in=sign_in, records=self.records, leases=self.leases
        )
