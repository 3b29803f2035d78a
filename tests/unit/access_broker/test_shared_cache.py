"""Many commands at once with one cache, and file systems that do not take what they should."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.access_broker.people import Person

MANY = 20
CREDS = ("creds", "ec2-full", "--format", "process")


def at_once(alice: Person, number: int = MANY, **changes: str | None) -> tuple[set[str], set[str]]:
    """The keys and the messages of `number` commands that start together."""
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(alice.spawn(*CREDS, **changes)) for _ in range(number)]
        left = [(*process.communicate(timeout=120), process.returncode) for process in started]
    assert [code for _, _, code in left] == [0] * number, {err for _, err, _ in left}
    return {json.loads(out)["AccessKeyId"] for out, _, _ in left}, {err for _, err, _ in left}


def test_twenty_commands_at_once_ask_the_broker_once_and_tear_no_file(alice, contract):
    keys, told = at_once(alice)
    assert (len(keys), told, len(contract.posted("/api/v1/credentials"))) == (1, {""}, 1)
    [kept] = alice.cache.glob("*.json")
    assert json.loads(kept.read_text())["AccessKeyId"] in keys


def test_without_locks_each_gets_credentials_and_is_told_why_it_had_to_ask(alice):
    (alice.home / "sitecustomize.py").write_text(
        f"import fcntl\ndef flock(*_): raise OSError({errno.ENOLCK}, 'No locks available')\nfcntl.flock = flock\n"
    )
    path = os.pathsep.join([alice.environment["PYTHONPATH"], str(alice.home)])
    _, told = at_once(alice, 8, PYTHONPATH=path)
    assert [one for one in told if one and not ("has no file locks" in one and one.count("\n") == 1)] == []
    assert any(told)
    [kept] = alice.cache.glob("*.json")
    assert json.loads(kept.read_text())["role"] == "ec2-full"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, for a root that may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=64", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> None:
    with contextlib.suppress(OSError), (place / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_on_a_full_file_system_it_says_so_and_gives_the_credentials(alice, small_disk):
    (small_disk / "access-broker").mkdir(mode=0o700)
    fill(small_disk)
    done = alice.finish(*CREDS, XDG_CACHE_HOME=str(small_disk))
    assert json.loads(done.stdout)["Version"] == 1
    assert done.stderr.count("\n") == 1
    assert "Could not keep the credentials" in done.stderr
    assert "No space left" in done.stderr
    assert str(small_disk) in done.stderr
    assert [path.name for path in (small_disk / "access-broker").iterdir() if path.name.startswith(".")] == []


def test_on_a_read_only_file_system_it_says_so_and_gives_the_credentials(alice, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = alice.finish(*CREDS, XDG_CACHE_HOME=str(small_disk))
    assert json.loads(done.stdout)["Version"] == 1
    assert done.stderr.count("\n") == 1
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize("flags", [[], ["--refresh"]])
def test_on_a_read_only_file_system_programs_run_as_the_role(alice, small_disk, flags):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    command = ("exec", "ec2-full", *flags, "--", "sh", "-c", "echo $AWS_CONFIG_FILE")
    assert alice.finish(*command, XDG_CACHE_HOME=str(small_disk)).stdout == f"{os.devnull}\n"


def test_configure_on_a_full_file_system_leaves_the_config_as_it_was(alice, small_disk):
    config = small_disk / "config"
    config.write_bytes(alice.aws_config.read_bytes())
    fill(small_disk)
    before = config.read_bytes()
    done = alice.finish("configure", "ec2-full", AWS_CONFIG_FILE=str(config))
    assert (done.returncode, config.read_bytes()) == (1, before)
    assert "No space left on device: free some space" in done.stderr
    assert sorted(path.name for path in small_disk.iterdir()) == ["config", "filler"]
