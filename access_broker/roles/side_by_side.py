"""Templates of several accounts put side by side: one account's one after the other, since IAM's rates are its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from access_broker.failures import Failure, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from access_broker.roles.templates import Template

AT_ONCE = 8
"""Accounts at the same time. The API throttles its callers, and asks for patience with 429."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One template: the broker's answer, or the error that came instead."""

    template: Template
    applied: dict[str, Any] = field(default_factory=dict)
    error: BaseException | None = None


def account_of(template: Template) -> str:
    """The id of the member account, or "" for the broker's own."""
    return template.name.rpartition(":")[0]


def side_by_side(
    templates: list[Template], put: Callable[[Template], dict[str, Any]], take: Callable[[Outcome], None]
) -> None:
    """Hand each outcome to `take`. An error that `take` raises, or an interrupt, ends the run.

    What is under way by then is waited for and taken as well, so that each
    template is either done, failed or never sent. With a single account, what
    is under way when an interrupt comes is not known.
    """
    lanes: dict[str, list[Template]] = {}
    for template in templates:
        lanes.setdefault(account_of(template), []).append(template)
    if len(lanes) <= 1:
        _lane(templates, put, take, threading.Event())
        return
    _in_threads(list(lanes.values()), put, take)


def _in_threads(
    lanes: list[list[Template]], put: Callable[[Template], dict[str, Any]], take: Callable[[Outcome], None]
) -> None:
    outcomes: SimpleQueue[Outcome | None] = SimpleQueue()
    stopped = threading.Event()

    def run(lane: list[Template]) -> None:
        try:
            _lane(lane, put, outcomes.put, stopped)
        finally:
            outcomes.put(None)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for lane in lanes:
            threads.submit(run, lane)
        _take_until_all_ended(outcomes, len(lanes), take, stopped)


def _take_until_all_ended(
    outcomes: SimpleQueue[Outcome | None], lanes: int, take: Callable[[Outcome], None], stopped: threading.Event
) -> None:
    ending: BaseException | None = None
    while lanes:
        try:
            outcome = outcomes.get()
            if outcome is None:
                lanes -= 1
            else:
                take(outcome)
        except BaseException as error:
            if ending:  # a second interrupt does not wait
                raise
            ending = error
            stopped.set()
    if ending:
        raise ending


def _lane(
    templates: list[Template],
    put: Callable[[Template], dict[str, Any]],
    take: Callable[[Outcome], None],
    stopped: threading.Event,
) -> None:
    """One account's templates. After the first that finds it out of reach, the others would end the same way."""
    away: Unavailable | None = None
    for template in templates:
        if stopped.is_set():
            return
        outcome = Outcome(template, error=away) if away else _outcome(template, put)
        if isinstance(outcome.error, Unavailable):
            away = outcome.error
        take(outcome)


def _outcome(template: Template, put: Callable[[Template], dict[str, Any]]) -> Outcome:
    try:
        return Outcome(template, put(template))
    except Failure as failure:
        return Outcome(template, error=failure)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  raised again by `take`, in the main thread
        return Outcome(template, error=error)
