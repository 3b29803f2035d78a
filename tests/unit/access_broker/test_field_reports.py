"""Cases that happened to neighbouring tools in the field, each as its whole kind."""

from __future__ import annotations

import json
import os
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest

from access_broker.output.times import instant
from access_broker.settings import Settings
from access_broker.storage import credential_stores
from tests.unit.access_broker.contract_server import CANARY, problem

UNREADABLE = {
    "a profile twice": (b"[profile x]\nregion = a\n[profile y]\n[profile x]\n", "lines 1 and 4"),
    "the default twice": (b"[default]\n[default]\n", "lines 1 and 2"),
    "an option twice": (b"[profile x]\nregion = a\nregion = b\n", "line 3"),
    "a byte order mark": (b"\xef\xbb\xbf[profile x]\n", "byte order mark"),
    "text before a section": (b"\nregion = a\n[profile x]\n", "line 2"),
    "a line that is none": (b"[profile x]\nregion\n", "line 2"),
    "another encoding": (b"[profile x]\n# caf\xe9\n", "line 2"),
}


@pytest.mark.parametrize(("content", "place"), UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("command", [["whoami"], ["configure", "ec2-full"]], ids=["signing", "configuring"])
def test_a_config_that_aws_tools_cannot_read_is_told_with_its_place_and_left_alone(alice, content, place, command):
    own = alice.aws_config.read_bytes()
    alice.aws_config.write_bytes(content)
    done = alice.run(*command, "--profile", "alice")
    assert (done.returncode, alice.aws_config.read_bytes()) == (2, content)
    assert str(alice.aws_config) in done.stderr
    assert place in done.stderr
    alice.aws_config.write_bytes(own)
    assert [path.name for path in alice.aws_config.parent.iterdir() if "backup" in path.name] == []


def test_a_duplicate_in_the_credentials_file_is_told_with_its_place(alice):
    credentials = alice.home / ".aws" / "credentials"
    credentials.write_text(credentials.read_text() + "[bob]\n")
    done = alice.run("whoami")
    assert done.returncode == 2
    assert f"{credentials} has [bob] more than once, at lines 4 and" in done.stderr


def test_a_profile_of_aws_login_without_awscrt_names_the_package_to_install(alice):
    alice.aws_config.write_text(
        "[profile login]\nlogin_session = arn:aws:iam::000000000000:user/x\nregion = us-east-1\n"
    )
    script = "import sys; sys.modules['awscrt'] = None"
    (alice.home / "sitecustomize.py").write_text(script)
    path = os.pathsep.join([alice.environment["PYTHONPATH"], str(alice.home)])
    done = alice.finish("whoami", "--profile", "login", PYTHONPATH=path)
    assert done.returncode == 2, done.stderr
    assert "access-broker[crt]" in done.stderr


def test_keys_that_another_program_replaced_are_read_again(alice, contract):
    """As a long-running `serve` sees them: its own keys were refused once."""
    del contract.callers["AKIAALICE"]
    credentials = alice.home / ".aws" / "credentials"
    old = credentials.read_text()
    contract.callers["AKIANEW"] = ("new-secret", "alice")
    contract.scripted = [(403, {"message": "The security token included in the request is expired"}, {})]
    credentials.write_text(old.replace("AKIAALICE", "AKIANEW").replace("alice-secret", "new-secret"))
    assert alice.run("creds", "ec2-full", "--format", "process").returncode == 0


def test_serve_goes_on_with_keys_that_another_program_replaced(alice, contract):
    contract.session_lasts = timedelta(minutes=5, seconds=2)
    credentials = alice.home / ".aws" / "credentials"
    with alice.spawn("serve", "ec2-full") as process:
        assert process.stdout is not None
        process.stdout.readline()
        contract.callers["AKIANEW"] = ("new-secret", "alice")
        del contract.callers["AKIAALICE"]
        credentials.write_text(
            credentials.read_text().replace("AKIAALICE", "AKIANEW").replace("= alice-secret", "= new-secret")
        )
        before, deadline = len(contract.sessions), time.monotonic() + 60
        while len(contract.sessions) == before and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
    assert len(contract.sessions) > before


@pytest.mark.parametrize("encoding", ["EUC-JP", "ISO-8859-1"])
def test_a_reason_that_aws_could_not_read_back_is_refused(alice, encoding):
    locales = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout
    del locales
    script = f"import locale; locale.getpreferredencoding = lambda *_: {encoding!r}"
    (alice.home / "sitecustomize.py").write_text(script)
    path = os.pathsep.join([alice.environment["PYTHONPATH"], str(alice.home)])
    before = alice.aws_config.read_bytes()
    done = alice.finish("configure", "ec2-full", "--reason", "障害対応", PYTHONPATH=path)
    assert (done.returncode, alice.aws_config.read_bytes()) == (2, before)
    assert encoding in done.stderr
    assert alice.finish("configure", "ec2-full", "--reason", "incident", PYTHONPATH=path).returncode == 0


def test_a_reason_in_japanese_is_written_where_the_locale_is_utf_8(alice):
    assert alice.run("configure", "ec2-full", "--reason", "障害対応").returncode == 0
    assert "障害対応" in alice.aws_config.read_text(encoding="utf-8")


def test_configure_refuses_a_role_whose_rule_demands_a_reason(alice, contract):
    contract.add_role("prod-ec2", reason_required=True)
    before = alice.aws_config.read_bytes()
    done = alice.finish("configure", "prod-ec2")
    assert (done.returncode, alice.aws_config.read_bytes()) == (2, before)
    assert "--reason" in done.stderr
    assert alice.run("configure", "prod-ec2", "--reason", "on call").returncode == 0


def test_tags_and_policy_that_do_not_fit_are_told_and_not_tried_again(alice, contract):
    contract.answers["POST", "/api/v1/credentials"] = problem(
        422, "refused_by_aws", "AWS refused AssumeRole.", aws_code="PackedPolicyTooLarge"
    )
    tags = [word for number in range(45) for word in ("--tag", f"k{number}={'v' * 200}")]
    done = alice.run("creds", "ec2-full", *tags)
    assert (done.returncode, len(contract.posted("/api/v1/credentials"))) == (1, 1)
    assert "--tag" in done.stderr
    assert "--policy" in done.stderr


HOSTS = {
    "https://abc.execute-api.eu-central-1.amazonaws.com/api": "eu-central-1",
    "https://abc.execute-api.cn-north-1.amazonaws.com.cn/api": "cn-north-1",
    "https://abc.execute-api.eusc-de-east-1.amazonaws.eu/api": "eusc-de-east-1",
    "https://abc.execute-api.us-gov-west-1.amazonaws.com/api": "us-gov-west-1",
    "https://abc.execute-api.us-iso-east-1.c2s.ic.gov/api": "us-iso-east-1",
    "https://abc.execute-api.us-east-1.api.aws/api": "us-east-1",
    "https://abc-vpce-0123456789abcdef0.execute-api.eu-west-1.amazonaws.com/api": "eu-west-1",
    "https://broker.example.com/api": None,
}


@pytest.mark.parametrize(("url", "region"), HOSTS.items())
def test_the_region_is_read_from_the_host_in_every_partition(url, region):
    assert Settings(url).signing_region({}) == region


HANGING = """
import time
from keyring.backend import KeyringBackend

class Ring(KeyringBackend):
    priority = 5

    def _hang(self, *_):
        print("a backend's own words", flush=True)
        time.sleep(60)

    get_password = set_password = delete_password = _hang
"""


def with_ring(alice, text: str) -> dict[str, str]:
    (alice.home / "ring.py").write_text(text)
    path = os.pathsep.join([alice.environment["PYTHONPATH"], str(alice.home)])
    return {"PYTHON_KEYRING_BACKEND": "ring.Ring", "PYTHONPATH": path}


def test_a_keyring_that_hangs_costs_seconds_and_a_word_and_then_nothing(alice, contract):
    changes = with_ring(alice, HANGING)
    began = time.monotonic()
    first = alice.finish("creds", "ec2-full", "--format", "process", **changes)
    between = time.monotonic()
    second = alice.finish("creds", "ec2-full", "--format", "process", **changes)
    assert between - began < 20
    assert time.monotonic() - between < 3.5
    assert first.stdout == second.stdout
    assert json.loads(first.stdout)["Version"] == 1
    assert "keyring does not answer" in first.stderr
    assert "own words" not in first.stdout + first.stderr
    assert len(contract.sessions) == 1


def test_logout_tells_of_the_entry_that_a_hanging_keyring_may_have(alice, monkeypatch):
    monkeypatch.setattr(credential_stores, "KEYRING_SECONDS", 0.5)
    changes = with_ring(alice, HANGING)
    assert "keyring does not answer" in alice.run("creds", "ec2-full", **changes).stderr
    done = alice.run("logout", "--json", **changes)
    assert json.loads(done.stdout)["left"] == 1
    assert not [path for path in alice.cache.glob("*.json") if CANARY in path.read_text()]


def test_a_keyring_that_takes_too_little_falls_back_in_silence_and_logout_clears_both(alice, contract):
    """As Windows' credential manager: 2,560 bytes at most."""
    small = HANGING.replace("self._hang", "").replace(
        "    get_password = set_password = delete_password = _hang",
        "    def set_password(self, *_): raise OSError(1783, 'The stub received bad data')\n"
        "    def get_password(self, *_): return None\n    def delete_password(self, *_): pass",
    )
    changes = with_ring(alice, small)
    first = alice.finish("creds", "ec2-full", "--format", "process", **changes)
    assert (first.returncode, first.stderr) == (0, "")
    assert alice.finish("creds", "ec2-full", "--format", "process", **changes).stdout == first.stdout
    assert len(contract.sessions) == 1
    assert json.loads(alice.finish("logout", "--json", **changes).stdout) == {"forgotten": 1, "left": 0}
    assert [path.name for path in alice.cache.iterdir()] == []


def test_a_revocation_of_a_caller_says_what_still_stands_and_the_command_that_stops_it(alice, contract):
    ended = {"revocation": {"scope": "caller", "name": "bob", "roles": ["ec2-full"], "sessions": ["s"]}}
    contract.answers["POST", "/api/v1/revocations"] = ended
    done = alice.run("revoke", "--caller", "bob")
    assert "keys" in done.stderr
    assert "broker suspend bob" in done.stderr


def test_a_role_is_shown_with_the_arn_that_eks_takes(alice, contract):
    contract.add_role("ec2-full", arn="arn:aws:iam::000000000000:role/access-broker/ec2-full")
    shown = alice.run("roles", "show", "ec2-full").stdout
    assert "arn for EKS  arn:aws:iam::000000000000:role/ec2-full\n" in shown.replace("  " * 3, "  ")


def test_a_forbidden_tag_is_named_with_the_keys_that_are_allowed(alice, contract):
    contract.answers["POST", "/api/v1/credentials"] = problem(
        403, "not_allowed", "Forbidden by x: session tags are at fault (team).", fields={"tags.team": "allowed keys: t"}
    )
    done = alice.run("creds", "ec2-full", "--tag", "team=web")
    assert done.returncode == 1
    assert "tags.team (--tag): allowed keys: t" in done.stderr


def test_a_clean_up_of_many_roles_lists_changes_and_totals(alice, contract):
    kept = [{"name": f"old-{number}", "stage": "marked", "reason": "unused"} for number in range(300)]
    gone = {"name": "gone", "stage": "marked", "change": "quarantined", "reason": "unused"}
    contract.answers["POST", "/api/v1/cleanup"] = {"roles": [*kept, gone]}
    done = alice.run("cleanup", "--dry-run")
    assert len(done.stdout.splitlines()) == 2
    assert "301 stale roles: 301 marked. Would change now: 1 quarantined." in done.stderr
    assert "--all" in done.stderr
    assert len(alice.run("cleanup", "--dry-run", "--all").stdout.splitlines()) == 302


def test_a_mistyped_role_is_told_with_the_nearest(alice):
    done = alice.run("creds", "ec2-ful")
    assert done.returncode == 4
    assert "Did you mean ec2-full?" in done.stderr


def test_the_beginning_of_an_id_is_enough_where_one_has_it(alice, contract):
    for number, ending in enumerate(("aaaa", "aabb", "bbbb")):
        contract.sessions.append({**SESSION, "id": f"01kxyz{'0' * 16}{ending}", "caller": f"c{number}"})
    contract.answers["GET", f"/api/v1/sessions/01kxyz{'0' * 16}bbbb"] = contract.sessions[2]
    assert "c2" in alice.run("sessions", "--id", f"01kxyz{'0' * 16}b").stdout
    several = alice.run("sessions", "--id", "01KXYZ")
    assert several.returncode == 2
    assert "3 sessions begin with 01kxyz" in several.stderr


SESSION = {
    "caller": "alice",
    "role": "ec2-full",
    "state": "active",
    "expires_at": (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "issued_at": "2026-01-31T09:00:00Z",
    "reason": "",
}


USUAL_TIMES = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "1w": timedelta(weeks=1), "2w": timedelta(weeks=2)}


@pytest.mark.parametrize(("text", "ago"), USUAL_TIMES.items())
def test_since_takes_every_usual_form(text, ago):
    now = datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert instant(text, now) == now - ago
    assert instant("2026-01-31T08:00:00Z", now) == now - timedelta(hours=1)
    assert instant("2026-01-30", now).strftime("%Y-%m-%d") == "2026-01-30"


@pytest.mark.parametrize("text", ["3", "99999999999", "9" * 30 + "d", "9" * 400, "soon", ""])
def test_since_refuses_other_forms_with_examples(alice, text):
    done = alice.run("audit", "--since", text)
    assert done.returncode == 2
    assert "24h" in done.stderr
