"""Wrong uses before the deployed broker: one helpful sentence each, a code that tells the kind, no traceback."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.e2e.cli_person import BROKER, Person, at_a_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localaws.broker import Broker

SHIFTED_CLOCK = """
import datetime
class Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(minutes=12)
    @classmethod
    def utcnow(cls):
        return super().now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(minutes=12)
datetime.datetime = Shifted
"""


@pytest.fixture
def alice(broker: Broker, tmp_path: Path) -> Person:
    return at_a_terminal(broker, "alice", tmp_path / "alice")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


NOBODY = f"http://127.0.0.1:{free_port()}"
WRONG_USES: dict[str, tuple[list[str], dict[str, str | None], int, str]] = {
    "no broker named": (["whoami"], {"BROKER_URL": None}, 2, "BROKER_URL"),
    "an address that is none": (["whoami", "--url", "my-broker"], {}, 2, "https://"),
    "plain HTTP across the network": (["whoami", "--url", "http://broker.example/api"], {}, 2, "https://"),
    "nothing listens there": (["whoami", "--url", NOBODY], {}, 5, "Nothing answers"),
    "no network": (["whoami", "--url", "https://broker.invalid/api"], {}, 5, "network"),
    "a proxy that is not there": (["whoami"], {"HTTP_PROXY": NOBODY}, 5, "HTTP_PROXY"),
    "no credentials": (["whoami"], {"AWS_PROFILE": None}, 6, "aws configure"),
    "no such profile": (["whoami", "--profile", "zoe"], {}, 6, "zoe"),
    "an access key AWS does not know": (
        ["whoami"],
        {"AWS_PROFILE": None, "AWS_ACCESS_KEY_ID": "AKIAAAAAAAAAAAAAAAAA", "AWS_SECRET_ACCESS_KEY": "x" * 40},
        6,
        "access key",
    ),
    "an unknown role": (["creds", "no-such-role"], {}, 4, "broker roles"),
    "a role one may not have": (["creds", "ec2-full", "--profile", "carol"], {}, 1, "engineers"),
    "a session nobody has": (["activity", "0" * 26], {}, 4, "session"),
    "somebody else's business": (["audit"], {}, 1, "broker-administrators"),
    "a duration that is none": (["creds", "ec2-full", "--for", "soon"], {}, 2, "30m"),
    "a session policy that is not there": (["creds", "ec2-full", "--policy", "p.json"], {}, 2, "p.json"),
    "a config that cannot be written": (["configure", "ec2-full"], {"AWS_CONFIG_FILE": "/proc/aws/config"}, 1, "/proc"),
    "no such program": (["exec", "ec2-full", "--", "no-such-program"], {}, 127, "no-such-program"),
    "templates that are not there": (["roles", "apply", "nowhere.yaml"], {}, 2, "nowhere.yaml"),
    "two things to revoke": (["revoke", "x", "--role", "y"], {}, 2, "--role"),
}


@pytest.mark.parametrize(("arguments", "changes", "code", "hint"), WRONG_USES.values(), ids=WRONG_USES.keys())
def test_a_wrong_use_is_a_sentence(
    alice: Person, arguments: list[str], changes: dict[str, str | None], code: int, hint: str
) -> None:
    done = alice.broker(*arguments, **changes)
    assert done.returncode == code, done.stderr
    assert hint in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_wrong_stage_in_the_address_is_a_wrong_address(alice: Person) -> None:
    url = alice.environment["BROKER_URL"] + "-other"
    done = alice.broker("whoami", "--url", url)
    assert done.returncode != 0
    assert "--url" in done.stderr


def test_a_mistyped_secret_is_told_from_an_unknown_key(alice: Person) -> None:
    credentials = alice.home / ".aws" / "credentials"
    credentials.write_text(credentials.read_text().replace("aws_secret_access_key = ", "aws_secret_access_key = x"))
    done = alice.broker("whoami")
    assert (done.returncode, "secret key" in done.stderr) == (6, True)


def test_a_skewed_clock_is_said_in_minutes(alice: Person) -> None:
    (alice.home / "sitecustomize.py").write_text(SHIFTED_CLOCK)
    done = alice.broker("whoami", PYTHONPATH=str(alice.home))
    assert done.returncode == 6, done.stderr
    assert "12 minutes fast" in done.stderr


@pytest.fixture
def switched_off(broker: Broker, alice: Person) -> Iterator[None]:
    """Alice's access key, deactivated for a moment."""
    del alice
    iam = broker.session_for("admin").client("iam")
    key = iam.list_access_keys(UserName="alice")["AccessKeyMetadata"][0]["AccessKeyId"]
    iam.update_access_key(UserName="alice", AccessKeyId=key, Status="Inactive")
    yield
    iam.update_access_key(UserName="alice", AccessKeyId=key, Status="Active")


def test_a_key_that_was_switched_off_is_a_matter_of_signing_in(alice: Person, switched_off: None) -> None:
    del switched_off
    done = alice.broker("whoami")
    assert done.returncode == 6
    assert "access key" in done.stderr


def test_a_full_disk_leaves_the_config_as_it_was(alice: Person) -> None:
    before = alice.aws_config.read_bytes()
    done = alice.run(["sh", "-c", 'ulimit -f 0; exec "$0" configure ec2-full', BROKER])
    assert done.returncode == 1
    assert "try again" in done.stderr
    assert alice.aws_config.read_bytes() == before


def test_a_full_disk_does_not_keep_credentials_from_whoever_asked(alice: Person) -> None:
    done = alice.run(["sh", "-c", 'ulimit -f 0; exec "$0" creds ec2-full --format process', BROKER])
    assert done.returncode == 0
    assert "Could not keep" in done.stderr
