"""The files of .local point at the embedded AWS and are for their owner only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from localaws import people, profiles

if TYPE_CHECKING:
    import pytest

    from tests.unit.localaws.conftest import Account

AWS = str(Path(sys.executable).with_name("aws"))


def furnish(account: Account, directory: Path) -> list[people.Keys]:
    person = people.Person(f"person-{directory.name[-8:]}".replace("_", "-"), groups=("engineers",))
    iam = account.client("iam")
    keys = people.create(iam, [person])
    profiles.write(directory, keys, endpoint_url=account.endpoint_url, broker_url="http://broker", region="us-east-1")
    return keys


def test_people_belong_to_their_groups_and_have_no_policies(account: Account, tmp_path: Path) -> None:
    [keys] = furnish(account, tmp_path)
    iam = account.client("iam")
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName=keys.name)["Groups"]] == ["engineers"]
    assert iam.list_attached_user_policies(UserName=keys.name)["AttachedPolicies"] == []
    assert iam.list_user_policies(UserName=keys.name)["PolicyNames"] == []
    assert iam.list_attached_group_policies(GroupName="engineers")["AttachedPolicies"] == []
    iam.remove_user_from_group(GroupName="engineers", UserName=keys.name)
    iam.delete_group(GroupName="engineers")


def test_the_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    keys = [people.Keys("alice", "AKIA", "secret")]
    (tmp_path / "credentials").touch(mode=0o644)
    profiles.write(tmp_path, keys, endpoint_url="http://127.0.0.1:1", broker_url="http://b", region="us-east-1")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_the_shell_gets_what_the_aws_cli_needs(account: Account, tmp_path: Path) -> None:
    [keys] = furnish(account, tmp_path)
    script = f". {tmp_path}/env && {AWS} --profile {keys.name} sts get-caller-identity && echo $BROKER_URL >&2"
    done = subprocess.run(["/bin/sh", "-c", script], env={}, capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(done.stdout)["Arn"].endswith(f"user/{keys.name}")
    assert done.stderr.strip() == "http://broker"
    account.client("iam").remove_user_from_group(GroupName="engineers", UserName=keys.name)
    account.client("iam").delete_group(GroupName="engineers")


def test_a_session_takes_the_profile_and_not_what_the_shell_says(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [keys] = furnish(account, tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "http://elsewhere")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    identity = profiles.session(tmp_path, keys.name).client("sts").get_caller_identity()
    assert identity["Arn"].endswith(f"user/{keys.name}")


def test_clients_of_a_session_speak_to_the_embedded_aws_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, here = [people.Keys("alice", "AKIA", "secret")], "http://127.0.0.1:1"
    profiles.write(tmp_path, keys, endpoint_url=here, broker_url="http://broker", region="us-east-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA"):
        monkeypatch.setenv(name, "http://elsewhere")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for ignored in ("false", "true"):
        monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", ignored)
        client = profiles.session(tmp_path, "alice").client("lambda")
        assert (client.meta.endpoint_url, client.meta.region_name) == (here, "us-east-1")


def test_keys_need_no_profile_of_the_shell(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "gone-with-make-down")
    assert account.client("sts", account.session()).get_caller_identity()["Account"]


def test_secrets_do_not_show_when_keys_are_printed() -> None:
    assert "hidden" not in repr(people.Keys("alice", "AKIA", "hidden"))
