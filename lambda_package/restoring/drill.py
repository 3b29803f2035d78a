"""The restore, step by step: tables, log, the chain's new anchor, and the proof that it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.audit.aws.ledger import HEAD, TableLedger
from chalicelib.audit.aws.log_writer import CloudWatchAuditLog
from chalicelib.audit.domain.hash_chain import GENESIS, chain, read
from chalicelib.core.aws import rows
from chalicelib.core.domain.events import AuditEvent, Origin, to_json
from chalicelib.core.domain.times import rfc3339
from lambda_package.failures import PackagingFailed
from lambda_package.restoring import log, tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.audit.domain.hash_chain import Link
    from chalicelib.core.domain.callers import Caller


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a stage keeps its state."""

    name: str
    table: str
    ledger: str
    log_group: str


@dataclass(frozen=True, slots=True)
class Restored:
    """The figures of a restore."""

    rows: int
    lines: int
    too_old: int
    ledger_ended: int
    anchored_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """One restore from a stage into another, which is new and empty."""

    client: Callable[[Any], Any]
    source: Stage
    target: Stage
    who: Caller
    clock: Callable[[], datetime]
    new_id: Callable[[datetime], str]
    say: Callable[[str], None] = field(default=lambda _line: None)

    def run(self, at: datetime | None) -> Restored:
        """Restore and verify. Raises PackagingFailed; the source is only read."""
        self._refuse_unless_empty()
        lines = log.read(self.client("logs"), self.source.log_group)
        log.verify(lines)
        self.say(f"the log of {self.source.name} is a sound chain of {len(lines)} lines")
        count = self._copy_tables(at)
        ledger = TableLedger(self.client("dynamodb"), self.target.ledger)
        ended = ledger.head().seq
        copied = log.copy(self.client("logs"), lines, self.target.log_group, self.clock())
        anchor = self._anchor(ledger, lines, {"restored_to": rfc3339(at) if at else "latest", "ledger_ended": ended})
        log.verify([*copied, anchor])
        log.verify(log.read(self.client("logs"), self.target.log_group))
        return Restored(count, len(copied), len(lines) - len(copied), ended, anchor.seq)

    def _refuse_unless_empty(self) -> None:
        if log.read(self.client("logs"), self.target.log_group):
            raise PackagingFailed(f"{self.target.name} has an audit log of its own: restore into a new stage")

    def _copy_tables(self, at: datetime | None) -> int:
        """The ledger first: what it knows, the audit function does not log again."""
        dynamodb, count = self.client("dynamodb"), 0
        for source, target in ((self.source.ledger, self.target.ledger), (self.source.table, self.target.table)):
            beside = f"{target}-restored-{self.clock():%Y%m%d%H%M%S}"
            tables.restore(dynamodb, source, beside, at)
            count += tables.copy(dynamodb, beside, target)
            dynamodb.delete_table(TableName=beside)
            self.say(f"{source} is restored into {target}")
        return count

    def _anchor(self, ledger: TableLedger, lines: list[Link], told: dict[str, Any]) -> Link:
        """Move the head to where the log ends, and log from where, by whom and as of when this chain goes on."""
        if lines:
            head = lines[-1].head
            place = {"seq": head.seq, "hash": head.hash, "recorded_at": rfc3339(head.recorded_at)}
            item = rows.to_item({"pk": HEAD[0], "sk": HEAD[1], **place})
            self.client("dynamodb").put_item(TableName=self.target.ledger, Item=item)
        head, now = ledger.head() if lines else GENESIS, self.clock()
        detail = {"from": self.source.name, "log_ended": head.seq, **told}
        event = AuditEvent(self.new_id(now), "reanchor", now, Origin(self.who), detail=detail)
        links = chain([read(to_json(event))], head, now)
        ledger.append(head, links)
        CloudWatchAuditLog(self.client("logs"), self.target.log_group).put(links)
        ledger.mark_delivered(links)
        return links[0]
