"""Access keys that get old: the verdict on one key, and how far clean-up got with it."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  answers of the provision function are converted by the annotations
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.core.domain.roles import KEEP_TAG

if TYPE_CHECKING:
    from chalicelib.cleanup.domain.key_terms import KeyTerms
    from chalicelib.provisioning.domain.key_marks import KeyMark, KeyStage


@dataclass(frozen=True, slots=True)
class UserKey:
    """IAM's facts about one access key of a user that the broker made, and the user's tags under `access-broker:`."""

    id: str
    user: str
    active: bool
    made_at: datetime
    used_at: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def tag(self, key: str) -> str | None:
        """The tag's value; IAM treats keys that differ in case only as one."""
        return next((value for name, value in self.tags.items() if name.lower() == key), None)

    @property
    def seen_at(self) -> datetime:
        """The last use, or without one when it was made."""
        return self.used_at or self.made_at


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """The stage of a key and the reason; the next stage and its earliest time, None if that stage is off."""

    stage: KeyStage
    code: str
    why: str
    next_stage: KeyStage | None = None
    next_at: datetime | None = None


PROPAGATION = timedelta(minutes=15)
"""IAM takes some time until a key that was made inactive is refused everywhere."""

BY_ITS_OWNER = KeyVerdict("alive", "inactive", "its owner made it inactive")


@dataclass(frozen=True, slots=True)
class KeyFound:
    """A key, the verdict on it, and how far clean-up had got."""

    key: UserKey
    verdict: KeyVerdict
    mark: KeyMark | None = None

    @property
    def stage(self) -> KeyStage:
        """The stage before this run."""
        return self.mark.stage if self.mark else "alive"

    @property
    def moves(self) -> bool:
        """True if the verdict puts the key into another stage, or tells the owner of a date for the first time."""
        dated = self.verdict.next_at is not None and self.mark is not None and self.mark.next_at is None
        return self.verdict.stage != self.stage or (dated and self.verdict.stage == "warned")

    @property
    def acts(self) -> bool:
        """True if the owner can notice the move."""
        return self.moves and self.verdict.stage in {"warned", "deactivated"}


@dataclass(frozen=True, slots=True)
class _Case:
    """One key to judge."""

    key: UserKey
    mark: KeyMark | None
    terms: KeyTerms
    now: datetime

    @property
    def life(self) -> tuple[datetime, str]:
        """The last event that makes the key young again: its time, and its name in words."""
        key, mark = self.key, self.mark
        returned = mark.since if mark and mark.stage == "alive" else None
        seen = (
            (key.made_at, "made" if key.used_at else "never used, made"),
            (key.used_at if self.terms.by == "use" else None, "last used"),
            (returned, "taken back"),
        )
        return max(((at, what) for at, what in seen if at), key=lambda sign: sign[0])

    @property
    def idle(self) -> str:
        """How old the key is, in words."""
        at, what = self.life
        return f"{what} {at:%Y-%m-%d}, {(self.now - at).days} days ago (limit {self.terms.after.days})"


def judge_key(key: UserKey, mark: KeyMark | None, terms: KeyTerms, now: datetime) -> KeyVerdict:
    """Where the key belongs at this moment."""
    case = _Case(key, mark, terms, now)
    spared = _spared(case)
    return KeyVerdict("alive", *spared) if spared else _old(case)


def _spared(case: _Case) -> tuple[str, str] | None:
    """The reason to leave the key alone, or to take it back to the start; None for an old key."""
    key, mark = case.key, case.mark
    if key.tag(KEEP_TAG) is not None:
        return "kept", f"its user is tagged {KEEP_TAG}"
    if not key.active and not (mark and mark.deactivates and not _used_when_inactive(key, mark)):
        return BY_ITS_OWNER.code, BY_ITS_OWNER.why
    if case.now - case.life[0] < case.terms.after:
        return "used" if case.terms.by == "use" else "young", case.idle
    if case.terms.by == "use" and mark and mark.staged and key.seen_at > mark.started:
        return "used_since", f"{case.idle}, since it was reported"
    if key.active and mark and mark.stage == "deactivated":
        return "released", "it was activated again"
    return None


def _used_when_inactive(key: UserKey, mark: KeyMark) -> bool:
    """True if the key was active again after its deactivation: then it is inactive by a later decision of a person."""
    return mark.stage == "deactivated" and key.used_at is not None and key.used_at > mark.since + PROPAGATION


def _old(case: _Case) -> KeyVerdict:
    """The next stage if it is time and the stage is on, otherwise the same one."""
    mark, terms = case.mark, case.terms
    if mark is None or not mark.staged:
        return _in(case, "reported", case.now)
    if mark.acting == "deactivated" and not case.key.active:
        return _in(case, "deactivated", case.now)
    after = terms.following(mark.stage)
    due = mark.next_at or (mark.since + terms.warn_after if mark.stage == "reported" else None)
    if after and due is None:
        return _in(case, "warned", case.now)
    if after and due and case.now >= due:
        return _in(case, after, case.now)
    return KeyVerdict(mark.stage, "old", case.idle, after, due if after else None)


def _in(case: _Case, stage: KeyStage, now: datetime) -> KeyVerdict:
    after = case.terms.following(stage)
    return KeyVerdict(stage, "old", case.idle, after, now + case.terms.before(after) if after else None)


def what_owner_can_do(found: KeyFound, terms: KeyTerms) -> str:
    """Advice for the owner of a key that has entered a stage; empty if there is nothing to do."""
    key, verdict = found.key, found.verdict
    if verdict.stage == "warned":
        use = "Use it, or replace it" if terms.by == "use" else "Replace it"
        at = verdict.next_at
        then = f" Otherwise it becomes inactive, on {at:%Y-%m-%d} at the earliest." if at else ""
        return f"{use}: broker keys rotate. If it is not needed: broker keys delete {key.id}.{then}"
    if verdict.stage == "deactivated":
        return f"AWS refuses it. To have it back, an administrator runs: broker keys restore {key.user}"
    return ""
