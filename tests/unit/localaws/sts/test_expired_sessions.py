"""A session that is over is refused as an expired one, in STS, in other services and by API Gateway."""

from __future__ import annotations

import urllib.error

import pytest

from localaws.aging import age
from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, refusal, trusting
from tests.unit.localaws.gateway_api import keys_of, open_gateway
from tests.unit.localaws.signing import Signing, signed

EXPIRED = "The security token included in the request is expired"


def test_a_session_that_is_over_stays_known_as_expired(account: Account) -> None:
    gateway, (_, keys) = open_gateway(account), account.user(allowing("*"))
    session = account.assumed(keys, account.role(trusting(ACCOUNT), allow=("ec2:DescribeVpcs",)))
    key = keys_of(session)
    age(account.endpoint_url, key.access_key, 3_590)
    assert gateway.status_for(session) == 200
    age(account.endpoint_url, key.access_key, 20)
    account.assumed(keys, account.role(trusting(ACCOUNT)))  # ministack forgets here what is over
    assert gateway.says(signed(gateway.message(), Signing.of(key))) == EXPIRED
    assert refusal(account.client("sts", session), "get_caller_identity") == ("ExpiredToken", EXPIRED)
    assert refusal(account.client("ec2", session), "describe_vpcs")[0] == "RequestExpired"


@pytest.mark.parametrize(("key", "seconds"), [("ASIAUNKNOWN", 1), (None, -3_600), (None, 0)])
def test_time_only_goes_forward_and_only_for_sessions(account: Account, key: str | None, seconds: int) -> None:
    _, keys = account.user(allowing("*"))
    known = keys_of(account.assumed(keys, account.role(trusting(ACCOUNT)))).access_key
    with pytest.raises(urllib.error.HTTPError):
        age(account.endpoint_url, key or known, seconds)
