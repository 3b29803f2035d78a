"""What a file and the organisation say of accounts, put together."""

from __future__ import annotations

import json

import pytest

from chalicelib.accounts.domain.registry import Listed, Organization, accounts_file, put_together
from tests.fakes.accounts import DEV


def test_the_file_names_the_alias_and_the_organisation_the_units_and_tags() -> None:
    filed = (Listed(DEV, "dev", ou_path="/Old", tags={"env": "old", "cost": "7"}),)
    told = Organization((Listed(DEV, "d", "Shop", "/Workloads/Dev", {"env": "dev"}),))
    assert put_together(filed, told, {})[DEV] == Listed(
        DEV, "dev", "Shop", "/Workloads/Dev", {"env": "dev", "cost": "7"}
    )


def test_a_file_is_read_with_every_field() -> None:
    given = {"alias": "dev", "name": "Shop", "ou_path": "/Dev", "tags": {"env": "dev"}}
    assert accounts_file(json.dumps({"accounts": {DEV: given}})) == (
        Listed(DEV, "dev", "Shop", "/Dev", {"env": "dev"}),
    )


@pytest.mark.parametrize(
    ("number", "alias"), [("11111111111", "dev"), (DEV, "Dev"), (DEV, "123456789012"), (DEV, "a:b")]
)
def test_a_file_whose_ids_or_aliases_could_be_mistaken_is_refused(number: str, alias: str) -> None:
    with pytest.raises(ValueError, match=r"accounts\.json"):
        accounts_file(json.dumps({"accounts": {number: {"alias": alias}}}))
