"""A policy's wildcards on the embedded AWS match what they match on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.unit.localaws.conftest import DENIED, allowing

if TYPE_CHECKING:
    from tests.unit.localaws.conftest import Account


def test_a_star_matches_line_ends_and_a_bracket_is_a_bracket(account: Account) -> None:
    account.client("s3").create_bucket(Bucket="wildcards")
    _, person = account.user(allowing("s3:PutObject", Resource="arn:aws:s3:::wildcards/[ab]*"))
    s3 = account.client("s3", person)
    s3.put_object(Bucket="wildcards", Key="[ab]two\nlines", Body=b"")
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket="wildcards", Key="a", Body=b"")
    assert refused.value.response["Error"]["Code"] in DENIED
