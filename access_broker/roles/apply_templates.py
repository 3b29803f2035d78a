"""Roles made what their templates say, or a plan of it: one PUT each, accounts side by side."""

from __future__ import annotations

from collections import defaultdict
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from access_broker.failures import Failure, Misused, NotSignedIn, Unavailable
from access_broker.roles.accounts import targets
from access_broker.roles.changes import change_lines, changed
from access_broker.roles.side_by_side import side_by_side
from access_broker.roles.templates import read_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from access_broker.connection import Connection
    from access_broker.http.broker import Broker
    from access_broker.roles.side_by_side import Outcome
    from access_broker.roles.templates import Template

USUAL_PLACE = Path("policies/roles")


def converge(connection: Connection, places: list[Path], *, dry_run: bool) -> None:
    """Plan or apply every template. One that is refused does not keep the others back; it makes the command fail."""
    templates, failed = targets(connection, read_templates(places or [_usual_place()]))
    for name, outside in failed.items():
        connection.output.notice(f"{name}: {outside.sentence}")
    run = _Run(connection, templates, failed, "Planning" if dry_run else "Applying")
    with connection.output.working(f"{run.verb} {len(templates)} templates") as say:
        run.say = say
        try:
            side_by_side(templates, partial(_put, quiet(connection.broker), run, dry_run=dry_run), run.take)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(run.interrupted(dry_run=dry_run)) from None
    done = [run.done[template.name] for template in templates if template.name in run.done]
    connection.output.show(done, lambda: _print_changes(connection, done, dry_run=dry_run))
    _raise_first(failed, len(templates) + len(run.outside))


@dataclass(slots=True)
class _Run:
    """The templates of one command, and what has become of them so far. `outside` are those of accounts not served."""

    connection: Connection
    templates: list[Template]
    failed: dict[str, Failure]
    verb: str
    say: Callable[[str], None] = field(default=lambda _words: None)
    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    begun: dict[str, None] = field(default_factory=dict)
    outside: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.outside = frozenset(self.failed)

    def begin(self, name: str) -> None:
        self.begun[name] = None
        failed = len(self.failed) - len(self.outside)
        count = f"{len(self.done) + failed + 1} of {len(self.templates)}"
        self.say(f"{self.verb} {name} ({count}{f', {failed} failed' if failed else ''})")

    def take(self, outcome: Outcome) -> None:
        """One template that is done or failed. An error that the others would meet too is raised."""
        template, error = outcome.template, outcome.error
        if error is None:
            self.done[template.name] = outcome.applied
            return
        everywhere = isinstance(error, NotSignedIn) or (isinstance(error, Unavailable) and not template.accounts)
        if everywhere or not isinstance(error, Failure):
            raise error
        self.failed[template.name] = error
        _say_failure(self.connection, template, error)

    def interrupted(self, *, dry_run: bool) -> str:
        if dry_run:
            return "Interrupted; a plan changes nothing."
        ended = {*self.done, *self.failed}
        under_way = [name for name in self.begun if name not in ended]
        left = [one.name for one in self.templates if one.name not in {*ended, *under_way}]
        looked_at = f" Under way, so look: {', '.join(under_way)}." if under_way else ""
        return f"Interrupted. Applied: {_names(self.done)}.{looked_at} Not applied: {_names(left)}."


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def quiet(broker: Broker) -> Broker:
    """The broker without a moving line of its own for each request: the whole run has one."""
    return replace(broker, patience=lambda _words: nullcontext())


def _put(broker: Broker, run: _Run, template: Template, *, dry_run: bool) -> dict[str, Any]:
    run.begin(template.name)
    query = {"dry_run": "true" if dry_run else None}
    applied: dict[str, Any] = broker.put("roles", template.name, body=template.document, **query)
    return applied


def _say_failure(connection: Connection, template: Template, failure: Failure) -> None:
    fields = "".join(f"\n  {template.place(key)}: {key}: {expected}" for key, expected in failure.fields.items())
    connection.output.notice(f"{template.name}: {failure.sentence}")
    for line in fields.splitlines()[1:]:
        connection.output.notice(line)


def _raise_first(failed: dict[str, Failure], count: int) -> None:
    if not failed:
        return
    first = next(iter(failed.values()))
    ending = type(first)(f"{len(failed)} of {count} templates failed: {', '.join(failed)}.")
    raise ending from first


def _usual_place() -> Path:
    if not USUAL_PLACE.is_dir():
        raise Misused(f"There is no {USUAL_PLACE} here: name the template files or folders.")
    return USUAL_PLACE


def _print_changes(connection: Connection, done: list[dict[str, Any]], *, dry_run: bool) -> None:
    for role in done:
        for line in change_lines(role):
            connection.output.line(line)
    for note, roles in _notes(done).items():
        connection.output.prose(f"note: {note} ({_listed(roles)})")
    count = sum(changed(role) for role in done)
    verb = "would change" if dry_run else "changed"
    connection.output.line(f"{count} of {len(done)} roles {verb}.")


def _notes(done: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Each note once, with the roles that it is about."""
    found: dict[str, list[str]] = defaultdict(list)
    for role in done:
        for warning in role.get("warnings") or []:
            found[str(warning).replace(role["name"], "ROLE")].append(role["name"])
    return {note.replace("ROLE", roles[0]) if len(roles) == 1 else note: roles for note, roles in found.items()}


def _listed(roles: list[str]) -> str:
    few = 5
    return ", ".join(roles) if len(roles) <= few else f"{', '.join(roles[:few])} and {len(roles) - few} more"
