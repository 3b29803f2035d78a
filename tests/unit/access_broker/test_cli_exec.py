"""`broker exec`: the program's own exit code and signals, and credentials nowhere but in its environment."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import Child
from tests.unit.access_broker.contract_server import CANARY
from tests.unit.access_broker.people import Done

SHOW = "import os, json; print(json.dumps({n: v for n, v in os.environ.items() if n.startswith(('AWS_', 'BROKER_'))}))"


def shown(done: Done) -> dict[str, str]:
    assert done.returncode == 0, done.stderr
    environment: dict[str, str] = json.loads(done.stdout)
    return environment


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_the_exit_code_is_the_programs(alice):
    assert alice.finish("exec", "ec2-full", "--", "sh", "-c", "exit 7").returncode == 7


def test_the_programs_output_is_the_whole_output(alice):
    done = alice.finish("exec", "ec2-full", "--", "echo", "hello")
    assert (done.stdout, done.stderr) == ("hello\n", "")


def test_the_program_has_the_role_and_nothing_that_leads_elsewhere(alice):
    done = alice.finish(
        "exec", "ec2-full", "--", sys.executable, "-c", SHOW, AWS_PROFILE="alice", AWS_SECURITY_TOKEN="old"
    )
    environment = shown(done)
    assert environment["AWS_ACCESS_KEY_ID"] == "ASIA0001"
    assert environment["AWS_SESSION_TOKEN"].startswith(CANARY)
    assert environment["AWS_CREDENTIAL_EXPIRATION"]
    assert not {"AWS_PROFILE", "AWS_SECURITY_TOKEN", "BROKER_RESOLVING"} & environment.keys()


def test_keys_of_the_caller_do_not_reach_the_program(alice):
    caller = {"AWS_ACCESS_KEY_ID": "AKIAALICE", "AWS_SECRET_ACCESS_KEY": "alice-secret", "AWS_REGION": "us-east-1"}
    done = alice.finish("exec", "ec2-full", "--", sys.executable, "-c", SHOW, AWS_PROFILE=None, **caller)
    assert shown(done)["AWS_ACCESS_KEY_ID"] == "ASIA0001"
    assert "alice-secret" not in done.stdout


def test_the_profiles_region_survives_the_removal_of_the_profile(alice):
    environment = shown(alice.finish("exec", "ec2-full", "--", sys.executable, "-c", SHOW))
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "us-east-1"


def test_a_region_in_the_environment_stays_as_it_is(alice):
    done = alice.finish(
        "exec", "ec2-full", "--region", "us-east-1", "--", sys.executable, "-c", SHOW, AWS_REGION="eu-west-1"
    )
    assert shown(done)["AWS_REGION"] == "eu-west-1"


@pytest.mark.parametrize("refresh", [[], ["--refresh"]], ids=["in its place", "beside it"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_program(alice, number, refresh):
    program = (
        "import pathlib, signal, sys\n"
        "for n in (signal.SIGINT, signal.SIGTERM):\n"
        "    signal.signal(n, lambda got, _: (print('got', got, flush=True), sys.exit(42)))\n"
        "pathlib.Path('ready').touch()\n"
        "while True: signal.pause()\n"
    )
    with alice.spawn("exec", "ec2-full", *refresh, "--", sys.executable, "-c", program) as process:
        until((alice.home / "ready").exists)
        process.send_signal(number)
        out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (42, f"got {int(number)}\n")


@pytest.mark.parametrize("piped", [False, True], ids=["input from the terminal", "input from a pipe"])
def test_ctrl_c_on_a_terminal_reaches_the_program_once(alice, piped):
    command = alice.command("exec", "ec2-full", "--refresh", "--", sys.executable, "-c", COUNTING)
    leader, follower = os.openpty()
    process: Child[bytes] = Child(
        [sys.executable, "-c", CONTROLLING, os.ttyname(follower), *command],
        env=alice.environment,
        cwd=alice.home,
        stdin=subprocess.PIPE if piped else follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        for _ in range(60):  # since two signals that wait for a busy program become one
            os.write(leader, b"\x03")  # what the terminal driver turns into SIGINT for the whole foreground group
            process.stdout.readline()
        process.stdout.read()
        assert process.wait(timeout=20) == 60
    os.close(leader)
    os.close(follower)


COUNTING = """
import os, select, signal, sys
numbers, each = os.pipe2(os.O_NONBLOCK)
for number in (signal.SIGINT, signal.SIGALRM):
    signal.signal(number, lambda *_: None)
signal.set_wakeup_fd(each)  # a byte for each: of two that come together, Python itself would see one
signal.alarm(60)  # whatever happens
count = 0
print("ready", flush=True)
while select.select([numbers], [], []):
    came = os.read(numbers, 99)
    if signal.SIGALRM in came:
        sys.exit(count)
    for _ in range(came.count(signal.SIGINT)):
        count += 1
        print(count, flush=True)
    if count >= 60:
        signal.alarm(1)  # for what comes too much
"""

CONTROLLING = """
import fcntl, os, sys, termios
fcntl.ioctl(os.open(sys.argv[1], os.O_RDWR), termios.TIOCSCTTY, 0)
os.execv(sys.argv[2], sys.argv[2:])
"""


EARLY = """
import os, signal, subprocess, sys
from access_broker.credentials.run_program import attend

class Slow(subprocess.Popen):
    def __init__(self, *command, **options):
        super().__init__(*command, **options)
        os.kill(os.getpid(), signal.{name})  # the program may run already, we do not know of it yet

subprocess.Popen = Slow
sys.exit(attend([sys.executable, "-c", "import time; time.sleep(30)"], os.environ))
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_that_comes_while_the_program_starts_ends_the_program_and_is_told(alice, name):
    script = [sys.executable, "-c", EARLY.format(name=name)]
    done = subprocess.run(script, env=alice.environment, check=False, capture_output=True, timeout=20)
    assert done.returncode == 128 + signal.Signals[name]


def test_what_the_caller_ignores_is_ignored_by_the_program(alice):
    show = "import signal; print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    command = alice.command("exec", "ec2-full", "--refresh", "--", sys.executable, "-c", show)
    ignoring = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *command]
    done = subprocess.run(ignoring, env=alice.environment, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout == "True\n"


def test_a_program_killed_by_a_signal_is_killed_for_the_caller_too(alice):
    assert alice.finish("exec", "ec2-full", "--", "sh", "-c", "kill -KILL $$").returncode == -signal.SIGKILL


def test_a_program_killed_beside_us_gives_the_shells_code(alice):
    done = alice.finish("exec", "ec2-full", "--refresh", "--", "sh", "-c", "kill -KILL $$")
    assert done.returncode == 128 + signal.SIGKILL


def test_a_pipe_that_closes_ends_the_program_as_usual(alice):
    script = 'import subprocess, sys; sys.exit(subprocess.run(["sh", "-c", "yes | head -1"]).returncode)'
    done = alice.finish("exec", "ec2-full", "--", sys.executable, "-c", script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "y\n", "")


def test_no_such_program_and_not_a_program_have_the_shells_codes(alice):
    (alice.home / "text").write_text("not a program")
    (alice.home / "text").chmod(0o755)
    missing = alice.finish("exec", "ec2-full", "--", "no-such-program")
    broken = alice.finish("exec", "ec2-full", "--", str(alice.home / "text"))
    assert (missing.returncode, broken.returncode) == (127, 126)
    assert "no-such-program" in missing.stderr


def test_a_refused_role_never_starts_the_program(alice):
    done = alice.finish("exec", "nonsense", "--", "touch", "started")
    assert done.returncode == 4
    assert not (alice.home / "started").exists()


def test_credentials_are_in_no_process_list_and_no_file_but_the_cache(alice):
    with alice.spawn("exec", "ec2-full", "--refresh", "--", "sh", "-c", "touch ready; exec sleep 60") as process:
        until((alice.home / "ready").exists)
        lines = [line for path in Path("/proc").glob("[0-9]*/cmdline") if (line := read(path))]
        assert any(b"--refresh" in line for line in lines)
        process.terminate()
    files = [path for path in alice.home.rglob("*") if path.is_file() and CANARY in path.read_text(errors="replace")]
    assert not [line for line in lines if CANARY.encode() in line]
    assert [path.parent for path in files] == [alice.cache]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended meanwhile
        return b""


def test_refresh_gives_the_program_an_endpoint_instead_of_keys(alice):
    environment = shown(alice.finish("exec", "ec2-full", "--refresh", "--", sys.executable, "-c", SHOW))
    assert environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"].startswith("http://127.0.0.1:")
    assert environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    assert "AWS_SECRET_ACCESS_KEY" not in environment
