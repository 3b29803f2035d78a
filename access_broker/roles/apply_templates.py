"""Roles made what their templates say, or a plan of it: one PUT each, whatever becomes of the others."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from access_broker.failures import Failure, Misused, NotSignedIn, Unavailable
from access_broker.roles.accounts import targets
from access_broker.roles.changes import change_lines, changed
from access_broker.roles.templates import read_templates

if TYPE_CHECKING:
    from access_broker.connection import Connection
    from access_broker.roles.templates import Template

USUAL_PLACE = Path("policies/roles")


def converge(connection: Connection, places: list[Path], *, dry_run: bool) -> None:
    """Plan or apply every template. One that is refused does not keep the others back; it makes the command fail."""
    templates, failed = targets(connection, read_templates(places or [_usual_place()]))
    for name, outside in failed.items():
        connection.output.notice(f"{name}: {outside.sentence}")
    count = len(templates) + len(failed)
    done: list[dict[str, Any]] = []
    verb = "Planning" if dry_run else "Applying"
    with connection.output.working(f"{verb} {len(templates)} templates") as say:
        for number, template in enumerate(templates, 1):
            say(f"{verb} {template.name} ({number} of {len(templates)})")
            try:
                done.append(_put(connection, template, dry_run=dry_run))
            except (Unavailable, NotSignedIn) as failure:
                if isinstance(failure, NotSignedIn) or not template.accounts:
                    raise  # the next one would end the same way
                failed[template.name] = failure
                _say_failure(connection, template, failure)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(_interrupted(templates, number - 1, dry_run=dry_run)) from None
            except Failure as failure:
                failed[template.name] = failure
                _say_failure(connection, template, failure)
    connection.output.show(done, lambda: _print_changes(connection, done, dry_run=dry_run))
    _raise_first(failed, count)


def _interrupted(templates: list[Template], count: int, *, dry_run: bool) -> str:
    if dry_run:
        return "Interrupted; a plan changes nothing."
    done = ", ".join(template.name for template in templates[:count]) or "none"
    left = ", ".join(template.name for template in templates[count + 1 :]) or "none"
    return f"Interrupted. Applied: {done}. Under way, so look: {templates[count].name}. Not applied: {left}."


def _put(connection: Connection, template: Template, *, dry_run: bool) -> dict[str, Any]:
    query = {"dry_run": "true" if dry_run else None}
    applied: dict[str, Any] = connection.broker.put("roles", template.name, body=template.document, **query)
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
