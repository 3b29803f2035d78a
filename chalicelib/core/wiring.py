"""Configuration, clock, ids and what every feature shares, made when first used.

Each feature has a wiring module: the only place where its services meet AWS
clients. What it makes is kept for the container's life. Imports stand inside
the functions, so that a cold start loads only what its request needs (bench/
measures it).
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from functools import cache
from time import sleep
from typing import TYPE_CHECKING

from chalicelib.core.config import Config

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from chalicelib.core.aws.metrics import EmfMeter
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.services.journal import Journal
    from chalicelib.core.services.leases import Leases
    from chalicelib.core.services.refusals import RefusalRecorder


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def new_id(at: datetime) -> str:
    """A fresh ULID for `at`."""
    from chalicelib.core.domain import ids

    return ids.new_id(at, os.urandom(ids.ENTROPY_BYTES))


@cache
def config() -> Config:
    """This function's configuration."""
    return Config.from_env(os.environ)


@cache
def beside() -> Executor:
    """The threads for calls that a request makes beside its first: started by the first request that has some.

    Two are enough: Lambda gives a container one request at a time, which
    writes its row and confirms its caller while it assumes the role. Where
    several requests run in one process, these calls wait for one another.
    """
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="beside")


@cache
def journal() -> Journal:
    """Events that change no other row."""
    from chalicelib.core.aws.clients import client
    from chalicelib.core.aws.journal import TableJournal

    return TableJournal(client("dynamodb"), config().table)


@cache
def refusals() -> RefusalRecorder:
    """The recorder of every refusal."""
    from chalicelib.core.services.refusals import RefusalRecorder

    return RefusalRecorder(journal=journal(), clock=clock, new_id=new_id, devices=_mfa_devices)


def _mfa_devices(caller: Caller) -> tuple[str, ...]:
    from chalicelib.core.aws.clients import client
    from chalicelib.core.aws.mfa_devices import mfa_devices

    return mfa_devices(client("iam"), caller)


@cache
def cursor_key() -> bytes:
    """The key that seals cursors."""
    from chalicelib.core.aws.clients import client
    from chalicelib.core.aws.cursor_key import cursor_key

    return cursor_key(client("dynamodb"), config().table)


@cache
def leases() -> Leases:
    """One change of a thing at a time."""
    from chalicelib.core.aws.clients import client
    from chalicelib.core.aws.leases import TableLeases
    from chalicelib.core.services.leases import Leases

    return Leases(
        store=TableLeases(client("dynamodb"), config().table),
        clock=clock,
        new_id=new_id,
        pause=settle,
    )


@cache
def meter() -> EmfMeter:
    """CloudWatch metrics of this deployment."""
    from chalicelib.core.aws.metrics import EmfMeter

    return EmfMeter(config().deployment)


def pause(attempt: int) -> None:
    """Wait before trying again: full jitter, at most 20 ms doubling to 1 s."""
    sleep(random.uniform(0, min(1.0, 0.02 * 2**attempt)))  # noqa: S311  jitter, not a secret


def settle(seconds: float) -> None:
    """Wait about that long while IAM catches up: half to one and a half times."""
    sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311  jitter, not a secret
