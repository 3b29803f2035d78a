"""The hash chain of the audit log, recomputed from its lines (docs/audit.md, "Checking the chain")."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from brokercli.failures import Failure

GENESIS = "0" * 64
NOT_HASHED = frozenset({"hash", "logged_at"})
"""`hash` is the result; `logged_at` is CloudWatch's own time of the line, not part of it."""


class Broken(Failure):
    """The chain does not hold."""


@dataclass(slots=True)
class Chain:
    """The chain up to the last line read."""

    first: int = 0
    last: int = 0
    hash: str = GENESIS
    count: int = 0

    def add(self, line: dict[str, Any]) -> None:
        """Check one more line; Broken says which rule it breaks. An exact repetition of the line before is dropped."""
        if self.count and line.get("hash") == self.hash and digest(line) == self.hash:
            return
        if trouble := self._trouble(line):
            after = f" after event {self.last}" if self.count else ""
            raise Broken(f"The chain breaks{after}, at the line logged at {line.get('logged_at')}: {trouble}.")
        self.first = self.first or int(line["seq"])
        self.last, self.hash, self.count = int(line["seq"]), str(line["hash"]), self.count + 1

    def _trouble(self, line: dict[str, Any]) -> str:
        """The rules in the order of docs/audit.md."""
        if "unreadable" in line:
            return "it is not an event any more"
        if line.get("logged_at") != line.get("recorded_at"):
            return "it stands elsewhere than it was put"
        if digest(line) != line.get("hash"):
            return "its content was changed"
        seq = int(line["seq"])
        if self.count and seq != self.last + 1:
            return (
                f"it is event {seq}, so {seq - self.last - 1} are missing before it"
                if seq > self.last
                else "it is out of order"
            )
        expected = self.hash if self.count or seq == 1 else line.get("previous")
        return "" if line.get("previous") == expected else "it does not follow the event before it"


def digest(line: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of everything but NOT_HASHED."""
    hashed = {name: value for name, value in line.items() if name not in NOT_HASHED}
    canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
