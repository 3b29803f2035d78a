"""Events that change no other row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    from chalicelib.core.domain.events import AuditEvent

    class Journal(Protocol):
        """Events that change no other row, such as refusals."""

        def record(self, event: AuditEvent) -> None:
            """Write the event; AuditUnavailable unless it is durable."""
            ...
