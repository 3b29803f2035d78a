"""A run that is killed at one step, for the tests of roles and of keys."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.cleanup.services.run import LEASE, ONE_RUN_AT_A_TIME
from chalicelib.core.domain.errors import Conflict
from tests.fakes.provisioning_iam import Killed

if TYPE_CHECKING:
    from tests.fakes.cleanup import CleanupWorld

LEASE_TIME = timedelta(seconds=ONE_RUN_AT_A_TIME.seconds)


def kill_and_run_again(world: CleanupWorld, step: int) -> None:
    """Kill a run at this step. The next one waits until the lease of the dead one is over, and finishes."""
    world.iam.happens.at[step] = Killed()
    with pytest.raises(Killed):
        world.cleanup_run.run()
    world.iam.lease_store.held[LEASE] = ("the dead", world.iam.now + LEASE_TIME)
    with pytest.raises(Conflict):
        world.cleanup_run.run()
    world.iam.now += 2 * LEASE_TIME
    world.cleanup_run.run()
