"""Users without permissions: made, proven empty, shown, deleted. Secrets leave once and are kept nowhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.core.domain.callers import SLACK_TAG
from chalicelib.core.domain.errors import BrokerError, Conflict, InvalidRequest, NotFound, RefusedByAws
from chalicelib.core.domain.roles import DEPLOYMENT_TAG, MANAGED_TAG, ROLE_PATH
from chalicelib.core.services.leases import LeaseLost
from chalicelib.provisioning.domain.users import (
    SIGN_IN_ONLY,
    SIGN_IN_TAG,
    UNFINISHED_TAG,
    HandedOut,
    check_tags_in_all,
    check_user,
    granting,
    kept_tags,
    only_signs_in,
    told,
)

if TYPE_CHECKING:
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.services.leases import Lease, Leases
    from chalicelib.provisioning.domain.users import AccessKey, User, UserAsk
    from chalicelib.provisioning.services.compile import Deployment
    from chalicelib.provisioning.services.records import ProvisioningRecords
    from chalicelib.provisioning.services.sign_in import ConsoleSignIn, UserAdmin

REPEATED_WITHIN_SECONDS = 900
"""How long the token of a call makes the same call again its repetition."""


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as IAM holds it. `grants` names what gives them permissions; empty means zero access, verified.

    `sign_in_only` says that these allow nothing but `aws login`.
    """

    user: User
    sign_in_url: str
    grants: tuple[str, ...] = ()
    sign_in_only: bool = False


@dataclass(frozen=True, slots=True)
class MadeUser:
    """The outcome of a PUT. A secret is there once: in the answer to the call that made it."""

    view: UserView
    created: bool
    password: str = field(default="", repr=False)
    access_key: AccessKey | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserProvisioning:
    """Touches no user that this deployment did not make."""

    deployment: Deployment
    users: UserAdmin
    sign_in: ConsoleSignIn
    records: ProvisioningRecords
    leases: Leases

    def show(self, name: str) -> UserView:
        """A user of ours; NotFound for every other user."""
        user = self.users.read(name)
        if user is None or user.name != name or not self._ours(user):
            raise NotFound(f"There is no user {name} that the broker made.")
        return self._view(user)

    def put(self, ask: UserAsk, origin: Origin) -> MadeUser:
        """Make the user, or bring an existing one's tags, groups and sign-in to what is asked.

        Tags under `access-broker:` that are there stay: a PUT never ends a suspension.
        Nothing stays unless the result has zero access (`groups_may_grant`
        admits what groups give). What a killed call left behind is removed first.
        A password cannot be given back, so it is taken once that is on record.
        """
        check_user(ask)
        if ask.token:  # keys are each caller's own
            ask = replace(ask, token=f"{origin.caller.unique_id} {ask.token}")
        self._check_groups(ask)
        with self.leases.hold(f"user/{ask.name}") as lease:
            before = self._found(ask)
            check_tags_in_all(self._tags(ask, before))
            self._check_slack_account(ask, before)
            self._check_no_key(ask, before)
            user = before or self._create(ask)
            try:
                made = self._bring_about(ask, user, lease, created=before is None)
                self._record(ask, before, made, origin, lease)
            except LeaseLost:
                raise
            except BrokerError:
                self._undo(ask, before, user, lease)
                raise
            if user.console_access and not ask.console_access:
                self.users.take_password(ask.name)
            self.users.set_tags(made.view.user, self._tags(ask, made.view.user))
        return made

    def delete(self, name: str, origin: Origin) -> UserView:
        """Record, then delete a user of ours with keys and sign-in; answers how it was."""
        with self.leases.hold(f"user/{name}") as lease:
            view = self.show(name)
            lease.extend()
            detail = {"action": "delete_user", "user": name, "before": told(view.user), "after": None}
            self.records.log.forget_user(name, self.records.event("delete", origin, detail))
            # Not extended again: a lease lost here would leave a user alive who is on record as deleted.
            try:
                self.users.delete(view.user)
            except BrokerError:
                self._record_what_is_left(view.user, origin)
                raise
        return view

    def _create(self, ask: UserAsk) -> User:
        try:
            return self.users.create(ask.name, {**self._tags(ask, None), UNFINISHED_TAG: "true"})
        except RefusedByAws as refusal:
            if refusal.aws_code != "EntityAlreadyExists":
                raise
            raise Conflict(f"IAM holds the name {ask.name} already, perhaps in another letter case.") from None

    def _check_slack_account(self, ask: UserAsk, before: User | None) -> None:
        """A Slack account is linked to one user: with two, chat could not tell who clicks, and serves neither."""
        account = ask.tags.get(SLACK_TAG)
        if not account or (before and before.tags.get(SLACK_TAG) == account):
            return
        if others := [name for name in self.users.tagged(SLACK_TAG, account) if name != ask.name]:
            raise InvalidRequest(
                f"The Slack account {account} is linked to {others[0]}.",
                {f"tags.{SLACK_TAG}": "linked to another user; take the tag off there first"},
            )

    def _check_no_key(self, ask: UserAsk, before: User | None) -> None:
        """No key is taken from a person who may use it."""
        if ask.sign_in and before and before.access_keys:
            raise InvalidRequest(
                f"{ask.name} has access keys. They delete them: broker keys delete ID. Then repeat this.",
                {"sign_in": "only for a user without access keys"},
            )

    def _bring_about(self, ask: UserAsk, user: User, lease: Lease, *, created: bool) -> MadeUser:
        self.users.set_groups(user, ask.groups)
        if user.signs_in_only and not ask.sign_in:  # while the tag tells of the policy
            self.users.forbid_sign_in(ask.name)
        if not created:
            self.users.set_tags(user, self._tags(ask, user))
        if ask.sign_in:
            self.users.allow_sign_in(ask.name)
        lease.extend()
        self._check_empty(ask)
        user = self._without_lost_secrets(user, ask)
        secret, warnings = self.sign_in.give(user) if ask.console_access else ("", ())
        key = self.users.give_access_key(ask.name) if ask.access_key and not user.access_keys else None
        shown = replace(self.users.existing(ask.name), console_access=ask.console_access)
        return MadeUser(self._view(shown), created, secret, key, warnings)

    def _record(self, ask: UserAsk, before: User | None, made: MadeUser, origin: Origin, lease: Lease) -> None:
        was, now = before and told(before), told(made.view.user)
        if was == now and not made.password and made.access_key is None:
            return
        lease.extend()
        handed_out = HandedOut(bool(made.password), made.access_key.access_key_id if made.access_key else "")
        detail = {"action": "create_user", "user": ask.name, "before": was, "after": now, "made": asdict(handed_out)}
        event = self.records.event("provision", origin, detail)
        self.records.log.record_user(made.view.user, event, ask.token, handed_out)

    def _record_what_is_left(self, user: User, origin: Origin) -> None:
        left = self.users.read(user.name)
        if left is not None:
            detail = {"action": "delete_user_failed", "user": user.name, "before": told(user), "after": told(left)}
            self.records.log.record_user(left, self.records.event("provision", origin, detail), "", HandedOut())

    def _undo(self, ask: UserAsk, before: User | None, was: User, lease: Lease) -> None:
        """Leave no half-made user, and an existing one as it was found; a namesake is never touched."""
        user = self.users.read(ask.name) if before else self.users.existing(ask.name)
        if user is None or user.unique_id != was.unique_id:
            return
        lease.extend()
        if before is None:
            self.users.delete(user)
            return
        self.users.set_groups(user, before.groups)
        if user.signs_in_only and not before.signs_in_only:
            self.users.forbid_sign_in(ask.name)
        self.users.set_tags(user, {**kept_tags(user, ask), **before.tags})
        if before.signs_in_only:
            self.users.allow_sign_in(ask.name)
        self.users.take_keys(user, keep=before.access_keys)
        if not before.console_access:
            self.users.take_password(user.name)

    def _found(self, ask: UserAsk) -> User | None:
        """The user, if there is one of ours; what a killed call left half made is removed."""
        user = self.users.read(ask.name)
        if user is None:
            return None
        if user.name != ask.name:
            raise Conflict(f"There is a user {user.name}, and IAM takes no two names that differ in letter case only.")
        if not self._ours(user):
            raise Conflict(f"A user {ask.name} exists that the broker did not make. It is left alone.")
        # The row is read consistently, the tag is not: a user on record is finished, and their secrets are out.
        if UNFINISHED_TAG in user.tags and self.records.log.user_id(ask.name) != user.unique_id:
            self.users.delete(user)
            return None
        return user

    def _without_lost_secrets(self, user: User, ask: UserAsk) -> User:
        """The answer that had the secrets was lost, so the secrets of that call are made anew."""
        since = self.records.clock() - timedelta(seconds=REPEATED_WITHIN_SECONDS)
        lost = self.records.log.handed_out(ask.name, ask.token, since) if ask.token else HandedOut()
        kept = lost.taken_from(user)
        if lost.password:
            self.users.take_password(user.name)
        self.users.take_keys(user, keep=kept.access_keys)
        return kept

    def _check_groups(self, ask: UserAsk) -> None:
        groups = [self.users.group(name) for name in ask.groups]
        if outside := [group.name for group in groups if group.path != ROLE_PATH]:
            raise InvalidRequest(
                f"The broker puts users into groups under {ROLE_PATH} only, and {outside[0]} is not one.",
                {"groups": f"{', '.join(outside)}: not under {ROLE_PATH}"},
            )
        grants = [via for group in groups for via in granting(group.policies)]
        if grants and not ask.groups_may_grant:
            raise InvalidRequest(
                f"The user would not have zero access: {'; '.join(grants)}.",
                {"groups": "grant permissions; leave them out, or ask with groups_may_grant"},
            )

    def _check_empty(self, ask: UserAsk) -> None:
        """Look at what IAM says now, not at what was meant."""
        policies = self.users.policies(self.users.existing(ask.name))
        if ask.sign_in:
            policies = tuple(policy for policy in policies if not only_signs_in(policy.document))
        grants = [via for via in granting(policies) if not (ask.groups_may_grant and via.startswith("group "))]
        if grants:
            raise Conflict(f"The user does not have zero access: {'; '.join(grants)}. Nothing was changed.")

    def _view(self, user: User) -> UserView:
        policies = self.users.policies(user)
        grants = granting(policies)
        only = bool(grants) and all(only_signs_in(policy.document) for policy in policies)
        return UserView(user, self.sign_in.url(), grants, sign_in_only=only)

    def _tags(self, ask: UserAsk, user: User | None) -> dict[str, str]:
        kept = kept_tags(user, ask) if user else {}
        kept |= {SIGN_IN_TAG: SIGN_IN_ONLY} if ask.sign_in else {}
        return {**kept, **ask.tags, MANAGED_TAG: "true", DEPLOYMENT_TAG: self.deployment.name}

    def _ours(self, user: User) -> bool:
        return user.path == ROLE_PATH and user.is_of(self.deployment.name)
