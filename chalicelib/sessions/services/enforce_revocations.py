"""Enforcing revocations: the list in the table first, then the policy in IAM, whoever calls at the same time.

The provision function runs this; it alone may write to IAM.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.conditional_writes import write_conditionally
from chalicelib.core.domain.errors import AwsUnavailable, BrokerError, Conflict, NotFound
from chalicelib.core.services.leases import LeaseLost
from chalicelib.sessions.domain.revocation import MAX_INLINE_CHARACTERS, RoleRevocations, characters, policy_document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import Protocol

    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.leases import Leases
    from chalicelib.sessions.domain.revocation import Cutoff

    Change = Callable[[RoleRevocations, int], RoleRevocations]
    """The list as it is to be, given the characters that the policy may have."""

    class RevocationList(Protocol):
        """What is taken back on each role."""

        def get(self, role: str) -> RoleRevocations:
            """The list of a role; empty where nothing was ever taken back."""
            ...

        def every(self) -> list[RoleRevocations]:
            """Every role's list."""
            ...

        def save(self, changed: RoleRevocations, event: str | None) -> None:
            """Write the list over the version it was read at, with its event as JSON; Conflict if that is not last."""
            ...

        def mark_rendered(self, role: str, version: int) -> None:
            """Remember which version IAM has."""
            ...

    class RevocationPolicy(Protocol):
        """The inline policy that carries a revocation list."""

        def others(self, role: str) -> int:
            """Characters that the role's other inline policies take; NotFound if there is no such role."""
            ...

        def current(self, role: str) -> Mapping[str, Any] | None:
            """The policy that IAM has, or None."""
            ...

        def put(self, role: str, document: Mapping[str, Any]) -> None:
            """Replace the policy; NotFound if there is no such role."""
            ...

        def remove(self, role: str) -> None:
            """Take the policy away; nothing to do where there is none, or no role."""
            ...


MAX_TRIES = 40
"""Attempts to save a list while others save theirs; with the pauses of wiring under 36 s in all, 18 as a rule."""

MAX_RENDERINGS = 3
"""Attempts to render, each with a lease of its own."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a run of pruning did: roles whose policy it changed, and roles it could not do.

    `fullest` is how full the fullest policy is that it saw, from 0 to 1.
    """

    changed: tuple[str, ...]
    failed: tuple[str, ...]
    fullest: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationEnforcer:
    """Saving is optimistic (a version); rendering is under a lease per role.

    Whoever holds the lease renders the newest list, so a burst of revocations
    costs few IAM calls, and a call returns when IAM has at least its version.
    Events are JSON: they ride in the row and come out of the stream.

    A role that is gone is revoked already: AWS ends its sessions with it, and
    a role of the same name is another one (IAM, "Unique identifiers"). Only
    the list and the event are written.
    """

    revocations: RevocationList
    policy: RevocationPolicy
    leases: Leases
    clock: Clock
    pause: Callable[[int], None]

    def end_session(self, role: str, session_id: str, expires_at: datetime, event: str) -> float:
        """Deny one session; answers how full the policy is, from 0 to 1. Conflict if it is full."""
        return self._revoke(role, lambda listed, room: listed.with_session(session_id, expires_at, room), event)

    def end_caller(
        self, role: str, source_identity: str, cutoff: Cutoff, event: str, young: Mapping[str, datetime]
    ) -> float:
        """Deny one caller's sessions issued before the cutoff, and the `young` ones by id; otherwise as `end_session`.

        Young are those that AWS may have dated later, ids and when they expire.
        """
        return self._revoke(
            role,
            lambda listed, room: listed.with_caller(source_identity, cutoff, room).with_sessions(young, room),
            event,
            anyway=True,
        )

    def end_everyone(self, role: str, cutoff: Cutoff, event: str, young: Mapping[str, datetime]) -> float:
        """Deny every session of the role issued before the cutoff, and the `young` ones; otherwise as `end_caller`."""
        return self._revoke(
            role, lambda listed, room: listed.with_everyone(cutoff, room).with_sessions(young, room), event, anyway=True
        )

    def prune(self) -> Pruned:
        """Take expired entries out of every list, and mend policies that are not what the list says."""
        changed, failed, fullest = [], [], 0.0
        for listed in self.revocations.every():
            try:
                if self._prune(listed):
                    changed.append(listed.role)
            except Conflict:
                continue  # somebody else changed the list in this moment, and rendered it
            except BrokerError:
                failed.append(listed.role)
                continue
            with suppress(BrokerError):  # it is done; how full it is, the next run tells
                fullest = max(fullest, self._share(listed.pruned(self.clock())))
        return Pruned(tuple(changed), tuple(failed), fullest)

    def _revoke(self, role: str, change: Change, event: str, *, anyway: bool = False) -> float:
        room = self._room(role)
        if room is None:
            self._save(role, change, MAX_INLINE_CHARACTERS, event, anyway=anyway)
            return 0.0
        saved = self._save(role, change, room, event, anyway=anyway)
        self._render(role, saved.version)
        return characters(saved) / max(room, 1)

    def _share(self, listed: RoleRevocations) -> float:
        """How full the policy is, from 0 to 1: nothing is read of IAM for a list that is empty."""
        room = None if listed.empty else self._room(listed.role)
        return 0.0 if room is None else characters(listed) / max(room, 1)

    def _room(self, role: str) -> int | None:
        """Characters that the policy may have; None for a role that is gone."""
        try:
            return MAX_INLINE_CHARACTERS - self.policy.others(role)
        except NotFound:
            return None

    def _save(self, role: str, change: Change, room: int, event: str, *, anyway: bool) -> RoleRevocations:
        """The list after the change; a change that changes nothing is not written and makes no event.

        Unless `anyway`: two who cut off the same within one second are two revocations.
        """

        def prepare() -> tuple[RoleRevocations, Callable[[], None] | None]:
            read = self.revocations.get(role)
            changed = change(read, room)
            if changed == read and not anyway:
                return read, None
            return replace(changed, version=read.version + 1), partial(self.revocations.save, changed, event)

        exhausted = AwsUnavailable(f"Too many revocations on {role} in the same moment. Try again.")
        return write_conditionally(prepare, pause=self.pause, tries=MAX_TRIES, exhausted=exhausted)

    def _render(self, role: str, version: int) -> None:
        """Return when IAM has at least this version of the list.

        A lease that ran out while IAM was slow means that an older policy may
        have gone over a newer one: then the newest is written once more.
        """
        overtaken = False
        for _ in range(MAX_RENDERINGS):
            try:
                with self.leases.hold(f"revocations/{role}") as lease:
                    newest = self.revocations.get(role)
                    if newest.rendered < version or overtaken:
                        self._put(newest)
                        lease.extend()
                        self.revocations.mark_rendered(role, newest.version)
            except LeaseLost:
                overtaken = True
            else:
                return
        raise AwsUnavailable(f"The revocation on {role} is recorded but IAM is slow to take it. Try again.")

    def _put(self, listed: RoleRevocations) -> None:
        if listed.empty:
            self.policy.remove(listed.role)
        else:
            self.policy.put(listed.role, policy_document(listed))

    def _prune(self, listed: RoleRevocations) -> bool:
        """Whether there was something to do. A new version is what makes `_render` write."""
        pruned = listed.pruned(self.clock())
        wanted = None if pruned.empty else policy_document(pruned)
        if pruned == listed and self.policy.current(listed.role) == wanted:
            return False
        gone = self._room(listed.role) is None
        if gone and pruned == listed:
            return False
        self.revocations.save(pruned, None)
        if not gone:
            self._render(listed.role, listed.version + 1)
        return True
