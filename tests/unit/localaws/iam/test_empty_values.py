"""Empty parameters reach IAM on the embedded AWS as they do on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.localaws.conftest import trusting

if TYPE_CHECKING:
    from tests.unit.localaws.conftest import Account

ROOT = "arn:aws:iam::000000000000:root"


def test_an_empty_description_takes_the_old_one_away(account: Account) -> None:
    iam = account.client("iam")
    name = account.role(trusting(ROOT), Description="for now").rsplit("/", 1)[-1]
    assert iam.get_role(RoleName=name)["Role"]["Description"] == "for now"
    iam.update_role(RoleName=name, Description="")
    assert not iam.get_role(RoleName=name)["Role"].get("Description")
