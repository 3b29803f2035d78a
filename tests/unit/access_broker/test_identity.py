"""A program that `broker` starts has the role, whatever else of the person's leads an SDK to another identity."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.processes import Child
from tests.serving import serving

if TYPE_CHECKING:
    from tests.unit.access_broker.people import Done, Person

SHOW = "import botocore.session as s; c = s.Session().get_credentials(); print(c.method, c.access_key)"
PERSONS = "aws_access_key_id = AKIAPERSON\naws_secret_access_key = persons-secret\n"


class InstanceMetadata(BaseHTTPRequestHandler):
    """The keys of the machine: over IMDS, and as a container's endpoint."""

    def do_PUT(self) -> None:
        self._answer("token")

    def do_GET(self) -> None:
        keys = {"Code": "Success", "AccessKeyId": "ASIAMACHINE", "SecretAccessKey": "s", "Token": "t"}
        whole = json.dumps({**keys, "Expiration": "2099-01-01T00:00:00Z"})
        self._answer("machine-role" if self.path.endswith("security-credentials/") else whole)

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def machine():
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), InstanceMetadata)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def keys_under_default(alice: Person, _machine: str) -> dict[str, str]:
    credentials = alice.home / ".aws" / "credentials"
    credentials.write_text(credentials.read_text() + f"[default]\n{PERSONS}")
    return {}


def keys_in_the_config(alice: Person, _machine: str) -> dict[str, str]:
    alice.aws_config.write_text(alice.aws_config.read_text() + f"[default]\n{PERSONS}")
    return {}


def a_process_in_the_config(alice: Person, _machine: str) -> dict[str, str]:
    document = '{"Version": 1, "AccessKeyId": "AKIAPERSON", "SecretAccessKey": "s"}'
    line = f"[default]\ncredential_process = echo '{document}'\n"
    alice.aws_config.write_text(alice.aws_config.read_text() + line)
    return {}


def keys_in_the_environment(_alice: Person, _machine: str) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": "AKIAPERSON", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}


def an_old_key_file(alice: Person, _machine: str) -> dict[str, str]:
    (alice.home / "ec2").write_text("AWSAccessKeyId=AKIAPERSON\nAWSSecretKey=s\n")
    return {"AWS_CREDENTIAL_FILE": str(alice.home / "ec2")}


def keys_of_boto_2(alice: Person, _machine: str) -> dict[str, str]:
    (alice.home / ".boto").write_text(f"[Credentials]\n{PERSONS}")
    return {}


def a_container(_alice: Person, machine: str) -> dict[str, str]:
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": machine}


def a_container_on_ecs(_alice: Person, _machine: str) -> dict[str, str]:
    return {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"}


def an_instance(_alice: Person, machine: str) -> dict[str, str]:
    return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": machine, "AWS_EC2_METADATA_DISABLED": "false"}


def a_profile(_alice: Person, _machine: str) -> dict[str, str]:
    return {"AWS_PROFILE": "bob"}


def the_old_name_of_a_profile(_alice: Person, _machine: str) -> dict[str, str]:
    return {"AWS_DEFAULT_PROFILE": "bob"}


TRAPS = [
    keys_under_default,
    keys_in_the_config,
    a_process_in_the_config,
    keys_in_the_environment,
    an_old_key_file,
    keys_of_boto_2,
    a_container,
    a_container_on_ecs,
    an_instance,
    a_profile,
    the_old_name_of_a_profile,
]


TOGETHER = [trap for trap in TRAPS if trap is not a_process_in_the_config]  # a file has one [default]


def seen_by_botocore(done: Done) -> list[str]:
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_a_refreshed_program_has_the_role(alice, machine, trap):
    changes = {"AWS_PROFILE": None, **trap(alice, machine)}
    command = ("exec", "ec2-full", "--profile", "alice", "--refresh", "--", sys.executable, "-c", SHOW)
    assert seen_by_botocore(alice.finish(*command, **changes)) == ["container-role", "ASIA0001"]


def test_a_program_has_the_role_with_all_of_it_at_once(alice, machine):
    changes = {name: value for trap in TOGETHER for name, value in trap(alice, machine).items()}
    done = alice.finish("exec", "ec2-full", "--profile", "alice", "--", sys.executable, "-c", SHOW, **changes)
    assert seen_by_botocore(done) == ["env", "ASIA0001"]


def test_a_shell_that_reads_what_serve_prints_has_the_role_with_all_of_it_at_once(alice, machine):
    changes = {name: value for trap in TOGETHER for name, value in trap(alice, machine).items()}
    script = f"eval \"$(head -n 40 served)\"; {sys.executable} -c '{SHOW}'"
    with alice.spawn("serve", "ec2-full", "--profile", "alice", **changes) as process:
        assert process.stdout is not None
        lines = []
        for line in iter(process.stdout.readline, ""):
            lines.append(line)
            if "EC2_METADATA_DISABLED" in line:
                break
        (alice.home / "served").write_text("".join(lines))
        with Child(["sh", "-c", script], env=alice.changed(changes), cwd=alice.home, stdout=-1, text=True) as shell:
            out, _ = shell.communicate(timeout=60)
        process.terminate()
    assert out.split() == ["container-role", "ASIA0001"]


def test_without_the_endpoint_there_is_nobody_to_be_instead(alice, machine):
    """The SDKs that go on after a failed endpoint find no file and no machine."""
    changes = {name: value for trap in TOGETHER for name, value in trap(alice, machine).items()}
    script = (
        "import os\ndel os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI']\n"
        "import botocore.session\nprint(botocore.session.Session().get_credentials())"
    )
    done = alice.finish(
        "exec", "ec2-full", "--profile", "alice", "--refresh", "--", sys.executable, "-c", script, **changes
    )
    assert seen_by_botocore(done) == ["None"]


def test_a_bearer_token_of_the_persons_does_not_reach_the_program(alice):
    script = "import os; print([name for name in os.environ if 'BEARER' in name])"
    done = alice.finish("exec", "ec2-full", "--", sys.executable, "-c", script, AWS_BEARER_TOKEN_BEDROCK="persons")
    assert done.stdout == "[]\n"


def test_a_profile_that_the_program_names_is_refused_and_not_found(alice):
    script = "import botocore.session; botocore.session.Session(profile='bob').get_credentials()"
    done = alice.finish("exec", "ec2-full", "--", sys.executable, "-c", script)
    assert done.returncode == 1
    assert "ProfileNotFound" in done.stderr


def test_settings_that_name_no_identity_stay(alice):
    alice.aws_config.write_text(
        "[profile alice]\nregion = eu-west-1\ns3 =\n  addressing_style = path\n"
        "role_session_name = x\ncli_pager = less\n"
        "aws_access_key_id = AKIAPERSON\nservices = mine\nmfa_serial = x\n"
        "[services mine]\nec2 =\n  endpoint_url = http://x\n"
        "[profile bob]\nregion = us-east-2\n"
    )
    script = "import os; print(open(os.environ['AWS_CONFIG_FILE']).read())"
    done = alice.finish("exec", "ec2-full", "--region", "us-east-1", "--", sys.executable, "-c", script)
    assert done.stdout.splitlines() == [
        "[default]",
        "region = eu-west-1",
        "s3 =",
        "  addressing_style = path",
        "cli_pager = less",
        "services = mine",
        "[services mine]",
        "ec2 =",
        "  endpoint_url = http://x",
        "",
    ]


def test_where_nothing_can_be_written_the_program_has_the_role_without_the_settings(alice, machine):
    (alice.home / "file").write_text("")
    keys_under_default(alice, machine)
    command = ("exec", "ec2-full", "--refresh", "--", sys.executable, "-c", SHOW)
    done = alice.finish(*command, XDG_CACHE_HOME=str(alice.home / "file"))
    assert seen_by_botocore(done) == ["container-role", "ASIA0001"]


OUTRANKING = {
    "keys": {"AWS_ACCESS_KEY_ID": "AKIAALICE", "AWS_SECRET_ACCESS_KEY": "alice-secret"},
    "keys of old names": {"AWS_ACCESS_KEY": "AKIAALICE", "AWS_SECRET_KEY": "alice-secret"},
    "a web identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/x"},
}


@pytest.mark.parametrize("changes", OUTRANKING.values(), ids=OUTRANKING)
def test_configure_refuses_where_the_environment_would_win_over_the_profile(alice, changes):
    before = alice.aws_config.read_bytes()
    done = alice.run("configure", "ec2-full", "--profile", "alice", **changes)
    assert (done.returncode, alice.aws_config.read_bytes()) == (2, before)
    assert next(iter(changes)) in done.stderr


@pytest.mark.parametrize("name", ["default", "broker-ec2-full"])
@pytest.mark.parametrize("option", ["aws_access_key_id = AKIAPERSON", "credential_process = x", "sso_session = x"])
def test_configure_refuses_a_name_that_has_credentials_in_the_other_file(alice, name, option):
    credentials = alice.home / ".aws" / "credentials"
    credentials.write_text(credentials.read_text() + f"[{name}]\n{option}\n")
    before = alice.aws_config.read_bytes()
    done = alice.run("configure", "ec2-full", "--name", name)
    assert (done.returncode, alice.aws_config.read_bytes()) == (2, before)
    assert f"{credentials}, line {len(credentials.read_text().splitlines()) - 1}" in done.stderr
