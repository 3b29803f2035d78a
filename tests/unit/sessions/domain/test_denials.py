"""The sessions that a revocation list denies: by id, by caller, by a caller's pattern, and all of a time before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.sessions.domain.revocation import Cutoff, RoleRevocations

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CUTOFF = Cutoff(before=NOON, until=NOON + timedelta(hours=12))
EARLIER = NOON - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("revocations", "identity", "issued_at", "denied"),
    [
        (RoleRevocations("ec2", callers={"alice": CUTOFF}), "alice", EARLIER, True),
        (RoleRevocations("ec2", callers={"alice": CUTOFF}), "alice", NOON, False),
        (RoleRevocations("ec2", callers={"alice": CUTOFF}), "alice2", EARLIER, False),
        (RoleRevocations("ec2", callers={"ci/*": CUTOFF}), "ci/build", EARLIER, True),
        (RoleRevocations("ec2", callers={"ci/*": CUTOFF}), "cd/build", EARLIER, False),
        (RoleRevocations("ec2", callers={"ci/*": CUTOFF}), "ci2/build", EARLIER, False),
        (RoleRevocations("ec2", everyone=CUTOFF), "bob", EARLIER, True),
        (RoleRevocations("ec2", everyone=CUTOFF), "bob", NOON, False),
        (RoleRevocations("ec2"), "bob", EARLIER, False),
    ],
)
def test_a_cut_off_denies_the_named_sessions_issued_before_it(
    revocations: RoleRevocations, identity: str, issued_at: datetime, denied: object
) -> None:
    assert revocations.denies("any session", identity, issued_at) is denied
