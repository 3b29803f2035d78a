"""People without permissions keep their own keys and devices; no one keeps those of others."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from localaws.profiles import session_with
from localaws.stack import NAME as STACK
from tests.e2e.auditing import ask, make_engineer, make_on_call, profile_keys, with_mfa
from tests.e2e.cli_person import BROKER, Person, at_a_terminal
from tests.e2e.door import keys_of
from tests.e2e.enrolling import codes_of, on_a_terminal, qr_content, seed_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import boto3

    from localaws.broker import Broker


@pytest.fixture
def person(broker: Broker, tmp_path: Path) -> Callable[[str], tuple[Person, boto3.Session]]:
    """A user that the broker made, in engineers, at a terminal of their own."""

    def make(name: str) -> tuple[Person, boto3.Session]:
        wanted = {"groups": ["engineers"], "access_key": True}
        made = ask(broker, "admin", "PUT", f"/v1/users/{name}", wanted)
        assert made.status == 201, made
        key = made.document["access_key"]
        given = (key["access_key_id"], key["secret_access_key"])
        at = at_a_terminal(broker, "alice", tmp_path / name)
        lines = (
            f"# mine\n[{name}]\naws_access_key_id = {given[0]}\naws_secret_access_key={given[1]}\n\n[other]\nx = y\n"
        )
        (at.home / ".aws" / "credentials").write_text(lines)
        (at.home / ".aws" / "config").write_text(f"[profile {name}]\nregion = {broker.region}\n")
        at.environment["AWS_PROFILE"] = name
        return at, session_with(*given, region=broker.region)

    return make


def keys_of_me(person: Person) -> dict[str, str]:
    done = person.broker("me", "--json")
    assert done.returncode == 0, done.stderr
    return {key["id"]: key["status"] for key in json.loads(done.stdout)["access_keys"]}


def test_a_key_is_rotated_and_every_other_byte_stays(broker: Broker, person: Any) -> None:
    """In a linked file with CRLF, where two profiles have the key; not while variables name another user's."""
    rosa, _ = person("own-rosa")
    [old] = keys_of_me(rosa)
    file, real = rosa.home / ".aws" / "credentials", rosa.home / "dotfiles"
    twin = file.read_text().replace("# mine\n[own-rosa]", "[twin]").partition("[other]")[0]
    real.write_bytes((file.read_text() + twin).replace("\n", "\r\n").encode())
    file.unlink()
    file.symlink_to(real)
    before, bob = real.read_bytes(), profile_keys(broker, "bob")
    others = {"AWS_ACCESS_KEY_ID": bob.access_key, "AWS_SECRET_ACCESS_KEY": bob.secret_key}
    refused = rosa.broker("keys", "rotate", **others)
    assert (refused.returncode, "environment variables" in refused.stderr) == (2, True), refused.stderr
    done = rosa.broker("keys", "rotate")
    assert done.returncode == 0, done.stderr
    [new] = set(keys_of_me(rosa)) - {old}
    assert keys_of_me(rosa) == {old: "Inactive", new: "Active"}
    assert [line for line in real.read_bytes().splitlines(keepends=True) if b"key" not in line] == [
        line for line in before.splitlines(keepends=True) if b"key" not in line
    ]
    assert (file.is_symlink(), real.read_text().count(new), real.read_text().count(old)) == (True, 2, 0)
    [backup] = rosa.home.glob("dotfiles.broker-*.backup")
    assert backup.read_bytes() == before
    assert rosa.run(["aws", "sts", "get-caller-identity", "--profile", "twin"]).returncode == 0
    assert rosa.broker("keys", "rotate", "--now").returncode == 0
    assert keys_of_me(rosa) == {new: "Active"}


STEPS = ("noted", "made", "written", "inactive", "deleted")


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_any_step_and_run_again_it_ends_with_one_working_key(
    broker: Broker, person: Any, step: str
) -> None:
    iam, name = broker.session_for("admin").client("iam"), f"own-rudi-{step}"
    rudi, _ = person(name)
    [old] = statuses(iam, name)
    with rudi.spawn([BROKER, "keys", "rotate", "--now"]) as process:
        while process.poll() is None and step not in steps_done(rudi, statuses(iam, name), old):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert step in steps_done(rudi, statuses(iam, name), old)
    done = rudi.broker("keys", "rotate", "--now", "--json")
    assert done.returncode == 0, done.stderr
    assert statuses(iam, name) == {json.loads(done.stdout)["key"]: "Active"}


def statuses(iam: Any, name: str) -> dict[str, str]:
    return {key["AccessKeyId"]: key["Status"] for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]}


def steps_done(person: Person, keys: dict[str, str], old: str) -> set[str]:
    """By what one sees from outside."""
    notes = (person.home / ".cache" / "access-broker").glob("rotation-*.note")
    found = {
        "noted": any(notes) or keys != {old: "Active"},
        "made": keys != {old: "Active"},
        "written": old not in (person.home / ".aws" / "credentials").read_text(),
        "inactive": keys.get(old) != "Active",
        "deleted": old not in keys,
    }
    return {step for step, done in found.items() if done}


def test_two_rotations_at_once_end_right(person: Any) -> None:
    resi, _ = person("own-resi")
    with (
        resi.spawn([BROKER, "keys", "rotate", "--now"]) as one,
        resi.spawn([BROKER, "keys", "rotate", "--now"]) as other,
    ):
        said = [process.communicate(timeout=170)[1] for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), said
    assert list(keys_of_me(resi).values()) == ["Active"]


def test_a_device_is_enrolled_by_its_qr_code_takes_a_role_and_guards_keys(broker: Broker, person: Any) -> None:
    dora, session = person("own-dora")
    make_on_call(broker, "own-dora")
    with on_a_terminal(dora, "mfa", "enroll") as terminal:
        seed = seed_in(qr_content(terminal.until("The code that the device shows: ")))
        wrong, first, second = ("000000", *codes_of(seed, -2, -1))
        for times, pair in enumerate(((wrong, wrong), (first, second)), start=1):
            terminal.until("The code that the device shows: ", times)
            terminal.type(pair[0])
            terminal.until("The next one, when it changes: ", times)
            terminal.type(pair[1])
        assert "AWS does not take these codes" in terminal.until("own-dora is enabled")
    glass = ("creds", "prod-ec2", "--break-glass", "--reason", "it burns", "--json")
    stolen = dora.broker(*glass)
    assert (stolen.returncode, "mfa/access-broker/own-dora" in stolen.stderr) == (1, True), stolen.stderr
    with on_a_terminal(dora, *glass) as terminal:
        terminal.until("MFA code of arn:aws:iam::000000000000:mfa/access-broker/own-dora: ")
        terminal.type(*codes_of(seed, 0))
        assert '"SessionToken"' in terminal.until("}\r\n}")
    _guards_keys(broker, dora, session)
    reset = ask(broker, with_mfa(broker, "admin"), "DELETE", "/mfa/v1/users/own-dora/mfa-devices")
    assert [device["name"] for device in reset.document["removed"]] == ["own-dora"]


def _guards_keys(broker: Broker, dora: Person, session: boto3.Session) -> None:
    """The key alone changes nothing; the session with MFA that the command keeps does."""
    for method, path in (("POST", "/v1/me/access-keys"), ("DELETE", "/v1/me/mfa-devices/own-dora")):
        stolen = ask(broker, session, method, path, {} if method == "POST" else None)
        assert stolen.document["code"] == "mfa_required"
    assert dora.broker("keys", "rotate", "--now").returncode == 0
    lost = ask(broker, "admin", "DELETE", "/v1/users/own-dora/mfa-devices")
    assert (lost.status, lost.document["code"]) == (403, "mfa_required")


def test_a_program_enrols_a_device_in_two_steps(person: Any) -> None:
    paula, _ = person("own-paula")
    made = json.loads(paula.broker("mfa", "enroll", "--json").stdout)
    assert seed_in(made["uri"]) == made["seed"]
    codes = [word for code in codes_of(made["seed"], -1, 0) for word in ("--code", code)]
    done = paula.broker("mfa", "enroll", *codes, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"name": "own-paula"})
    assert made["serial"] in paula.broker("mfa").stdout


def test_only_users_that_the_broker_made_act_and_only_on_themselves(broker: Broker, person: Any) -> None:
    _, session = person("own-nils")
    for who in (make_engineer(broker, "own-hand-made"), "admin"):
        refused = ask(broker, who, "POST", "/v1/me/access-keys", {})
        assert refused.document["code"] == "not_allowed", refused
        assert ask(broker, who, "GET", "/v1/me").document["managed"] is False
    for path in ("access-keys", "mfa-devices", "password"):
        assert ask(broker, session, "POST", f"/v1/me/{path}", {"user": "bob"}).document["code"] == "invalid_request"
    of_bob = broker.session_for("admin").client("iam").list_access_keys(UserName="bob")["AccessKeyMetadata"][0]
    path = f"/v1/me/access-keys/{of_bob['AccessKeyId']}"
    assert ask(broker, session, "PATCH", path, {"status": "Inactive"}).status == 404
    assert ask(broker, session, "DELETE", path).status == 404
    assert ask(broker, session, "DELETE", "/v1/users/own-nils/mfa-devices").status == 403


OWN_ACTS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/v1/me/access-keys", {}), ("POST", "/v1/me/mfa-devices", {}), ("POST", "/v1/me/password", {}),
    ("PATCH", "/v1/me/access-keys/{key}", {"status": "Inactive"}), ("DELETE", "/v1/me/access-keys/{key}", None),
    ("POST", "/v1/me/mfa-devices/bob/enable", {"codes": ["123456", "654321"]}),
    ("DELETE", "/v1/me/mfa-devices/bob", None),
)  # fmt: skip
OUR_TAGS = [{"Key": "access-broker:deployment", "Value": STACK}, {"Key": "access-broker:managed", "Value": "true"}]
LOOK_ALIKES: dict[str, dict[str, Any]] = {
    "own-path": {"Path": "/access-broker/"}, "own-tags": {"Tags": OUR_TAGS},
    "own-below": {"Path": "/access-broker/x/", "Tags": OUR_TAGS},
    "own-stage": {"Path": "/access-broker/", "Tags": [{**OUR_TAGS[0], "Value": "another"}, OUR_TAGS[1]]},
}  # fmt: skip


def test_who_only_looks_like_a_user_of_the_broker_changes_nothing(broker: Broker, person: Any) -> None:
    """Users made by hand under our path, with our tags, of another stage; a session named like a user; root."""
    iam = broker.session_for("admin").client("iam")
    for name, like in LOOK_ALIKES.items():
        iam.create_user(UserName=name, **like)
    callers = {name: session_of(broker, iam, name) for name in LOOK_ALIKES}
    person("own-real")
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:user/bob"}, "Action": "sts:AssumeRole"}
    trusting = json.dumps({"Statement": [trust]})
    role = iam.create_role(RoleName="own-role", AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
    given = broker.session_for("bob").client("sts").assume_role(RoleArn=role, RoleSessionName="own-real")["Credentials"]
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    callers["session"] = session_with(*keys, region=broker.region)
    callers["root"] = session_with("test", "test", region=broker.region)
    for name, session in callers.items():
        for method, path, body in OWN_ACTS if name == "own-tags" else OWN_ACTS[:2]:
            refused = ask(broker, session, method, path.format(key=keys_of(session).access_key), body)
            assert (refused.status, refused.document["code"]) == (403, "not_allowed"), (name, method, path, refused)


def session_of(broker: Broker, iam: Any, name: str) -> boto3.Session:
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return session_with(key["AccessKeyId"], key["SecretAccessKey"], region=broker.region)


def test_no_spelling_of_a_path_reaches_another_users_keys_and_devices(broker: Broker, person: Any) -> None:
    _, nora = person("own-nora")
    iam = broker.session_for("admin").client("iam")
    [of_bob] = iam.list_access_keys(UserName="bob")["AccessKeyMetadata"]
    [device] = iam.list_mfa_devices(UserName="bob")["MFADevices"]
    key, serial = of_bob["AccessKeyId"], quote(device["SerialNumber"], safe="")
    for name in (
        key,
        key.lower(),
        f"{key}%20",
        f"{key}%00",
        f"..%2F{key}",
        f"{key}?UserName=bob",
        "*",
        f"{key}&UserName=bob",
    ):
        refused = ask(broker, nora, "DELETE", f"/v1/me/access-keys/{name}")
        assert 400 <= refused.status < 500, (name, refused)
    for name in ("bob", "BOB", serial, "..%2Fbob", "bob%00", "bob%2F..%2Fown-nora", "*"):
        for method, path, body in (("DELETE", "", None), ("POST", "/enable", {"codes": ["123456", "654321"]})):
            refused = ask(broker, nora, method, f"/v1/me/mfa-devices/{name}{path}", body)
            assert 400 <= refused.status < 500, (name, method, refused)
    for path in ("/v1/me?user=bob", "/v1/me?name=bob"):
        assert ask(broker, nora, "GET", path).document["code"] == "invalid_request"
    proven = with_mfa(broker, "admin")
    for name in ("bob", "admin", "OWN-NORA", "..%2Fbob", serial):
        assert ask(broker, proven, "DELETE", f"/mfa/v1/users/{name}/mfa-devices").status in {400, 404}, name
    assert iam.list_access_keys(UserName="bob")["AccessKeyMetadata"] == [of_bob]
    assert iam.list_mfa_devices(UserName="bob")["MFADevices"] == [device]
