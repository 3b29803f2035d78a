"""One private deployed broker for all end-to-end tests: packaged functions, IAM enforced, real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localaws.broker import Broker, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import boto3


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """The deployed broker; admin, alice, bob and carol have profiles on it."""
    with running() as deployed:
        yield deployed


@pytest.fixture(scope="session")
def profile(broker: Broker) -> Callable[[str], boto3.Session]:
    """The boto3 session of admin, alice, bob or carol."""
    return broker.session_for
