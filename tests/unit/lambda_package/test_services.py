"""What the deployed code can call on AWS is read from its sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_package.failures import PackagingFailed
from lambda_package.services import used_by


def written(directory: Path, source: str, name: str = "adapter.py") -> Path:
    (directory / name).write_text(source)
    return directory


def test_services_are_those_that_clients_are_made_for(tmp_path: Path) -> None:
    written(tmp_path, 'first = client("sts")\nsecond = session.create_client("sqs", config=None)\n')
    assert used_by(tmp_path).services == {"sts", "sqs"}


def test_a_client_by_a_name_nobody_can_read_is_refused(tmp_path: Path) -> None:
    written(tmp_path, "made = client(name)\n")
    with pytest.raises(PackagingFailed, match=r"adapter\.py:1"):
        used_by(tmp_path)


def test_the_module_that_makes_clients_may_be_told_the_name(tmp_path: Path) -> None:
    written(tmp_path, "made = create_client(service)\n", name="clients.py")
    assert used_by(tmp_path).services == frozenset()


def test_methods_count_as_attributes_strings_and_patterns(tmp_path: Path) -> None:
    written(tmp_path, 'iam.get_user()\niam.get_paginator("list_groups")\ngetattr(iam, f"get_{of}_policy")()\n')
    used = used_by(tmp_path)
    assert [used.calls(name) for name in ("get_user", "list_groups", "get_user_policy")] == [True, True, True]
    assert [used.calls(name) for name in ("list_users", "get_policy", "put_user_policy")] == [False, False, False]


def test_the_broker_uses_what_its_own_adapters_name() -> None:
    used = used_by(Path("chalicelib"))
    assert {"sts", "dynamodb", "iam", "logs", "sqs", "lambda", "cloudtrail"} <= used.services
    assert all(used.calls(name) for name in ("assume_role", "put_item", "get_user_policy", "get_group_policy"))
    assert not used.calls("create_saml_provider")
