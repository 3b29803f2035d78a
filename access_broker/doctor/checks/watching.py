"""Dead letters and schedules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from access_broker.doctor.model import Finding, NotHere, check, none_of

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "Watching"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule of the template. `ran` in the last two periods; `due`: the stack is old enough for that."""

    state: str
    expression: str
    ran: bool
    due: bool


@check(
    "dead-letters",
    topic=TOPIC,
    fact="dead_letters",
    asks="the dead-letter queues are empty",
    why="each message is an event missing in the audit log, a lost command in Slack or a notice not delivered",
    do="read the messages and repair the cause, then purge the queue: docs/audit.md and docs/chat.md, Dead letters",
)
def dead_letters(queues: Mapping[str, int]) -> Finding:
    """Messages, visible and in flight."""
    full = [f"{name} ({count})" for name, count in queues.items() if count]
    return none_of(full, "messages in", f"{len(queues)} queues")


@check(
    "schedules-on",
    topic=TOPIC,
    fact="schedules",
    asks="every schedule of the template is on",
    why="expiry, pruning of revocations and clean-up run on them",
    do="aws events enable-rule --name NAME",
)
def schedules_on(schedules: Mapping[str, Schedule]) -> Finding:
    """Each rule's state."""
    off = [f"{name} ({one.state or 'gone'})" for name, one in schedules.items() if one.state != "ENABLED"]
    return none_of(off, "not on", f"{len(schedules)} schedules")


@check(
    "schedules-ran",
    topic=TOPIC,
    fact="schedules",
    asks="every schedule ran within two of its periods",
    why="a rule that is on may still lack the permission to invoke its function",
    do="look at the metric FailedInvocations of the rule (AWS/Events) and at the function's resource policy",
)
def schedules_ran(schedules: Mapping[str, Schedule]) -> Finding:
    """Runs in the last two periods, where that much time has passed."""
    due = {name: one for name, one in schedules.items() if one.due and one.state == "ENABLED"}
    if not due:
        raise NotHere("the stack is too young: no schedule has been due twice")
    silent = [f"{name} ({one.expression})" for name, one in due.items() if not one.ran]
    return none_of(silent, "did not run", f"{len(due)} of {len(schedules)} were due and ran")
