"""Roles made what their templates say, or a plan of it: one PUT each, whatever becomes of the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from access_broker.failures import Failure, Misused, NotSignedIn, Unavailable
from access_broker.roles.changes import change_lines, changed
from access_broker.roles.templates import read_templates

if TYPE_CHECKING:
    from access_broker.frame.connection import Connection

USUAL_PLACE = Path("policies/roles")


def converge(connection: Connection, places: list[Path] | None, *, dry_run: bool) -> None:
    """Plan or apply every template. One that is refused does not keep the others back; it makes the command fail."""
    templates = read_templates(places or [_usual_place()])
    done: list[dict[str, Any]] = []
    failed: dict[str, Failure] = {}
    verb = "Planning" if dry_run else "Applying"
    with connection.output.working(f"{verb} {len(templates)} templates") as say:
        for number, template in enumerate(templates, 1):
            say(f"{verb} {template['name']} ({number} of {len(templates)})")
            try:
                done.append(_put(connection, template, dry_run=dry_run))
            except (Unavailable, NotSignedIn):
                raise  # the next one would end the same way
            except Failure as failure:
                failed[template["name"]] = failure
    connection.output.show(done, lambda: _print_changes(connection, done, dry_run=dry_run))
    _raise_first(connection, failed, len(templates))


def _put(connection: Connection, template: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    query = {"dry_run": "true" if dry_run else None}
    applied: dict[str, Any] = connection.broker.put("roles", template["name"], body=template, **query)
    return applied


def _raise_first(connection: Connection, failed: dict[str, Failure], count: int) -> None:
    if not failed:
        return
    for name, failure in failed.items():
        fields = "; ".join(f"{field}: {expected}" for field, expected in failure.fields.items())
        connection.output.notice(f"{name}: {failure.sentence}{f' ({fields})' if fields else ''}")
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
        for warning in role.get("warnings") or []:
            connection.output.line(f"    note: {warning}")
    count = sum(changed(role) for role in done)
    verb = "would change" if dry_run else "changed"
    connection.output.line(f"{count} of {len(done)} roles {verb}.")
