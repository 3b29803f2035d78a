"""The findings for programs and for people."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from access_broker.doctor.model import Check, Finding
    from access_broker.output.printer import Output

    Found = Sequence[tuple[Check, Finding]]

WIDTH = len("cannot look")


def as_document(found: Found) -> dict[str, Any]:
    """Every check with its finding, and how many there are of each state."""
    return {
        "summary": dict(Counter(finding.state for _, finding in found)),
        "checks": [
            {
                "name": check.name,
                "topic": check.topic,
                "state": finding.state,
                "asks": check.asks,
                "found": finding.found,
                "why": check.why,
                "do": finding.do or check.do,
            }
            for check, finding in found
        ],
    }


def show(found: Found, output: Output) -> None:
    """A line for each check by topic; then each failure and warning with its reason and remedy."""
    for topic, group in groupby(found, key=lambda pair: pair[0].topic):
        output.line(topic)
        for check, finding in group:
            output.line(f"  {finding.state:<{WIDTH}}  {check.asks}: {finding.found}")
    for check, finding in found:
        if finding.state in ("failed", "warning"):
            output.line("")
            output.line(f"{check.name}: {finding.found}")
            output.line(f"  why: {check.why}.")
            output.line(f"  do:  {finding.do or check.do}.")
    output.line("")
    counts = Counter(finding.state for _, finding in found)
    output.line(", ".join(f"{count} {state}" for state, count in counts.most_common()))
