"""A check: a pure function over facts, with the reason it matters and what to do when it fails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

State = Literal["ok", "failed", "warning", "cannot look", "not here"]
"""`warning`: an administrator should know, but the deployment works. `cannot look`: a permission is missing.
`not here`: this AWS cannot tell (the embedded one), or it is too early."""


class CannotLook(Exception):
    """The caller's permissions, or AWS's present state, do not let the doctor look."""


class NotHere(Exception):
    """This place cannot tell: the embedded AWS has no such thing, or nothing has happened yet."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, and the things at fault by name. `do` is more exact than the check's own remedy."""

    state: State
    found: str
    do: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """`fact` names what it judges (aws/gather.py); `judge` raises NotHere where the fact cannot tell."""

    name: str
    topic: str
    fact: str
    asks: str
    why: str
    do: str
    judge: Callable[[Any], Finding]


CHECKS: list[Check] = []
"""Every check that is registered; examine.in_order sorts them."""


def check(
    name: str, *, topic: str, fact: str, asks: str, why: str, do: str
) -> Callable[[Callable[[Any], Finding]], Callable[[Any], Finding]]:
    """A decorator: registers the function as the check of this name."""

    def register(judge: Callable[[Any], Finding]) -> Callable[[Any], Finding]:
        CHECKS.append(Check(name, topic, fact, asks, why, do, judge))
        return judge

    return register


def ok(found: str) -> Finding:
    """All is well."""
    return Finding("ok", found)


def failed(found: str, do: str = "") -> Finding:
    """Something is wrong; `do` replaces the check's own remedy."""
    return Finding("failed", found, do)


def warning(finding: Finding) -> Finding:
    """The same, but a failure only warns: the exit code stays."""
    return replace(finding, state="warning") if finding.state == "failed" else finding


def none_of(wrong: Iterable[str], trouble: str, fine: str) -> Finding:
    """Fine where nothing is wrong; else the trouble with the names, at most five of them."""
    names = sorted(wrong)
    if not names:
        return ok(fine)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return failed(f"{trouble}: {', '.join(names[:SHOWN])}{more}")


SHOWN = 5
