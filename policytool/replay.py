"""`broker policy replay`: decisions of the audit log decided again with the policies of this checkout."""

from __future__ import annotations

import gzip
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.insight.domain.changes import Changes
from chalicelib.insight.domain.recorded import NOT_REPLAYED
from chalicelib.insight.domain.replay import Replayer
from policytool.source import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEADINGS = {
    "refused": "Would now be refused",
    "allowed": "Would now be let in",
    "approval": "Would now need an approval",
    "reason": "Would now need a reason",
    "mfa": "Would now need MFA",
    "terms": "Allowed on other terms",
}

PEOPLE_SHOWN = 20
"""Of one group in a text; --json has them all."""


def replay(policies: Path, events: str, base: Path | None = None) -> Changes:
    """Replay a file of events, or `-` for standard input. ValueError for policies that make no sense."""
    found = Changes(_replayer(policies), _replayer(base) if base else None)
    with _opened(events) as file:
        found.take(lines(file))
    return found


def _replayer(policies: Path) -> Replayer:
    return Replayer(load_rules(read(policies / "access", "*.cedar")))


@contextmanager
def _opened(events: str) -> Iterator[BinaryIO]:
    if events == "-":
        yield sys.stdin.buffer
    elif events.endswith(".gz"):
        with gzip.open(events) as file:
            yield cast("BinaryIO", file)
    else:
        with Path(events).open("rb") as plain:
            yield plain


def lines(file: BinaryIO) -> Iterator[bytes]:
    """The events of a file: one on each line, as CloudWatch exports them, or one JSON list.

    CloudWatch Logs writes the time before the line (user guide, "Exporting log data to Amazon S3").
    """
    for raw in file:
        line = raw.strip()
        if line.startswith(b"["):
            yield from _listed(line + file.read())
        elif line:
            start = line.find(b"{")
            yield line[max(start, 0) :]


def _listed(text: bytes) -> Iterator[bytes]:
    """`broker audit --json` writes one list: it is read as a whole."""
    for event in json.loads(text):
        yield json.dumps(event).encode()


def text(found: dict[str, Any]) -> Iterator[str]:
    """The lines for a terminal."""
    for group in found["changes"]:
        yield _title(group)
        for person in group["people"][:PEOPLE_SHOWN]:
            yield f"    {_person(person)}"
        yield from _more(group, "    ")
    yield from _totals(found)


def markdown(found: dict[str, Any]) -> Iterator[str]:
    """A comment for a pull request."""
    yield "### Policy replay"
    yield ""
    yield from _totals(found)
    for group in found["changes"]:
        yield from ("", f"**{_title(group)}**", "", "| Person | Decisions | Roles | Example |", "|---|---|---|---|")
        for person in group["people"][:PEOPLE_SHOWN]:
            example = person["example"]
            cells = (
                person["name"],
                person["decisions"],
                ", ".join(person["roles"]),
                f"{example['at']} {example['id']}",
            )
            yield f"| {' | '.join(map(_cell, cells))} |"
        yield from _more(group, "")


def _cell(value: object) -> str:
    """Text of others in a table: no column, link, image or tag of its own."""
    return "".join(f"&#{ord(letter)};" if letter in "|<>&[]()`*_\\!#@" else letter for letter in str(value))


def _title(group: dict[str, Any]) -> str:
    was, now = " ".join(group["was_by"]), " ".join(group["now_by"])
    before = f"was {group['was']}" + (f" by {was}" if was else "")
    after = f"; now {now}" if now else "; no rule gives it now" if group["change"] == "refused" else ""
    return f"{HEADINGS[group['change']]}: {_people(group)} ({before}{after})"


def _people(group: dict[str, Any]) -> str:
    people, decisions = len(group["people"]), group["decisions"]
    return f"{people} {'person' if people == 1 else 'people'}, {decisions} decision{'s' * (decisions != 1)}"


def _person(person: dict[str, Any]) -> str:
    example = person["example"]
    shown = f"{example['action']} on {example['role']}, {example['at']}, {example['id']}"
    return f"{person['name']}: {person['decisions']}; for example {shown}"


def _more(group: dict[str, Any], indent: str) -> Iterator[str]:
    left = len(group["people"]) - PEOPLE_SHOWN
    if left > 0:
        yield from ("", f"{indent}and {left} more: --json has them all.")


def _totals(found: dict[str, Any]) -> Iterable[str]:
    yield f"{found['replayed']} decisions replayed, {found['changed']} change."
    for why, count in found["not_replayed"].items():
        yield f"{count} not replayed: {NOT_REPLAYED[why]}."
