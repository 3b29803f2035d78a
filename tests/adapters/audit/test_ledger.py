"""One suite for the ledger, on the fake and on the table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.audit.aws.ledger import TableLedger
from chalicelib.audit.domain.hash_chain import GENESIS, Head, Link, chain
from chalicelib.core.aws.clients import client
from chalicelib.core.domain.errors import Conflict
from tests.adapters.audit.desk import event_text
from tests.adapters.conftest import REGION
from tests.fakes.audit import FakeLedger
from tests.fakes.core import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.audit.services.deliver import Ledger


@pytest.fixture(params=["fake", "table"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    if request.param == "fake":
        yield FakeLedger()
        return
    request.getfixturevalue("account")
    yield TableLedger(client("dynamodb"), "ledger")


def links(*numbers: int, head: Head = GENESIS) -> tuple[Link, ...]:
    return chain([json.loads(event_text(number)) for number in numbers], head, NOW)


def ids(*found: Link) -> list[str]:
    return [link.event_id for link in found]


def test_it_begins_with_nothing(ledger) -> None:
    assert ledger.head() == GENESIS
    seen = ledger.look(ids(*links(1)))
    assert (seen.head, seen.known, seen.undelivered) == (GENESIS, frozenset(), ())


def test_lines_are_known_and_undelivered_until_marked(ledger) -> None:
    first = links(1, 2)
    ledger.append(GENESIS, first)
    seen = ledger.look(ids(*first))
    assert (seen.head, seen.known, seen.undelivered) == (first[1].head, frozenset(ids(*first)), first)
    ledger.mark_delivered(first[:1])
    assert ledger.look(ids(*first)).undelivered == first[1:]
    ledger.mark_delivered(first)
    assert (ledger.look(ids(*first)).known, ledger.look(ids(*first)).undelivered) == (frozenset(ids(*first)), ())


def test_nobody_appends_after_a_head_that_has_moved(ledger) -> None:
    first = links(1)
    ledger.append(GENESIS, first)
    with pytest.raises(Conflict):
        ledger.append(GENESIS, links(2))
    ledger.append(first[0].head, links(2, head=first[0].head))
    with pytest.raises(Conflict):
        ledger.append(first[0].head, links(3, head=first[0].head))
    assert ledger.head().seq == 2


def test_an_event_has_one_place_only_and_a_refused_batch_leaves_nothing(ledger) -> None:
    first = links(1)
    ledger.append(GENESIS, first)
    again = links(2, 1, head=first[0].head)
    with pytest.raises(Conflict):
        ledger.append(first[0].head, again)
    assert ledger.head() == first[0].head
    assert ledger.look(ids(*again)).known == frozenset(ids(*first))


def test_as_many_lines_as_a_transaction_takes(ledger) -> None:
    most = links(*range(99))
    ledger.append(GENESIS, most)
    assert ledger.look(ids(*most)).undelivered == most
    ledger.mark_delivered(most)
    assert ledger.look(ids(*most)).undelivered == ()


def test_the_checkpoint_of_expiries_is_kept(ledger) -> None:
    assert ledger.expiries_until() is None
    ledger.set_expiries_until(NOW)
    assert ledger.expiries_until() == NOW


def test_a_delivered_line_leaves_its_id_for_a_week(account: None) -> None:
    table = TableLedger(client("dynamodb"), "ledger")
    first = links(1)
    table.append(GENESIS, first)
    table.mark_delivered(first)
    row: Any = (
        boto3.resource("dynamodb", REGION)
        .Table("ledger")
        .get_item(Key={"pk": f"EVENT#{first[0].event_id}", "sk": "LINE"})["Item"]
    )
    assert "line" not in row
    assert int(row["ttl"]) - NOW.timestamp() == 7 * 86400
