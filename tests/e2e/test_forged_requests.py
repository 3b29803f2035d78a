"""The gateway in front of the broker lets no request in whose signature does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from localaws.profiles import session_with
from tests.e2e.door import keys_of
from tests.e2e.door import signed as signed_call
from tests.e2e.forgeries import Callers, forged, shapes
from tests.unit.localaws.signing import Message, Signing, presigned, send, signed

if TYPE_CHECKING:
    from localaws.broker import Broker


@pytest.fixture(scope="module")
def callers(broker: Broker) -> Callers:
    alice, bob = (keys_of(broker.session_for(name)) for name in ("alice", "bob"))
    taken = signed_call(f"{broker.broker_url}/v1/credentials", alice, "POST", {"role": "ec2-full"})
    given = taken.document["credentials"]
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    session = session_with(*keys, region=broker.region)
    return Callers(Signing.of(alice), Signing.of(bob), Signing.of(keys_of(session)))


def where(broker: Broker) -> tuple[str, str]:
    """Host and path of the broker's API."""
    url = urlsplit(broker.broker_url)
    return url.netloc, url.path


def got_in(broker: Broker, message: Message) -> bool:
    """Whether the broker answered, not the gateway: every refusal of the broker's own has a code."""
    status, document = send(broker.endpoint_url, message)
    return bool(status < 400 or "code" in document)


def test_every_shape_gets_in_when_it_is_signed_well(broker: Broker, callers: Callers) -> None:
    for name, shape in shapes(*where(broker)).items():
        for signing in (callers.alice, callers.session):
            assert got_in(broker, signed(shape, signing)), name
            assert got_in(broker, presigned(shape, signing)), name


def test_a_hundred_forged_requests_do_not_get_in(
    broker: Broker, callers: Callers, capsys: pytest.CaptureFixture[Any]
) -> None:
    tried = dict(forged(*where(broker), callers))
    let_in = [name for name, message in tried.items() if got_in(broker, message)]
    with capsys.disabled():
        print(f"\n{len(tried)} forged requests, {len(let_in)} got in")  # noqa: T201  the count is what is shown
    assert not let_in
    assert len(tried) >= 100
