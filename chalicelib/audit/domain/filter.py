"""A filter for lines of the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Empty members do not narrow. Times are of recording: `since` counts in, `until` does not."""

    since: datetime
    until: datetime | None = None
    caller: str = ""
    role: str = ""
    type: str = ""
    session: str = ""

    def matches(self, line: Mapping[str, Any]) -> bool:
        """True if the line fits. A line that is no event fits only the empty filter."""
        return (
            self.caller in {"", (line.get("caller") or {}).get("name")}
            and self.role in {"", line.get("role")}
            and self.type in {"", line.get("type")}
            and (not self.session or self.session in _sessions(line))
        )


def _sessions(line: Mapping[str, Any]) -> tuple[str, ...]:
    """The sessions an event is about: its own, or all that one revocation ended."""
    return (str(line.get("session", "")), *(line.get("detail") or {}).get("sessions", ()))
