"""What is printed where: tables on a terminal, plain lines in a pipe, JSON for programs."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_broker.command_line.catalogue import MODULES
from access_broker.output.times import instant, remaining, seconds, span
from tests.processes import Child

CHECKOUT = Path(__file__).parents[3]


def on_a_terminal(person, *arguments: str, **changes: str) -> str:
    """What a person sees whose terminal is 100 columns wide."""
    leader, follower = os.openpty()
    environment = {**person.environment, "COLUMNS": "100", "TERM": "xterm-256color", **changes}
    with Child(
        person.command(*arguments), env=environment, stdin=follower, stdout=follower, stderr=subprocess.DEVNULL
    ) as process:
        process.wait(timeout=60)
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)
    return shown


def test_a_terminal_gets_a_table_and_a_pipe_gets_tabs(alice):
    assert "\t" not in on_a_terminal(alice, "roles")
    assert "ec2-full\tstanding" in alice.run("roles").stdout


def test_no_color_is_respected(alice):
    assert "\x1b[1m" in on_a_terminal(alice, "roles")
    assert "\x1b[3" not in on_a_terminal(alice, "roles", NO_COLOR="1")


def test_markup_in_a_description_is_shown_as_it_is(alice, contract):
    contract.add_role("odd", description="[red]not red[/red] [link=x]")
    assert "[red]not red[/red]" in on_a_terminal(alice, "roles")


def test_an_ascii_terminal_does_not_break_a_command(alice, contract):
    contract.add_role("odd", description="日本語")
    done = alice.finish("roles", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0
    assert "odd" in done.stdout


def test_a_reader_that_leaves_early_is_no_error(alice, contract):
    for number in range(500):
        contract.add_role(f"role-{number}", description="x" * 500)
    command = [sys.executable, "-c", "import sys; sys.stdin.readline()"]
    with (
        alice.spawn("roles") as process,
        Child(command, stdin=process.stdout) as reader,
    ):
        assert process.stdout is not None
        process.stdout.close()
        reader.wait(timeout=60)
        assert process.stderr is not None
        err = process.stderr.read()
        process.wait(timeout=60)
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("900", 900),
        ("30m", 1800),
        ("1h30m", 5400),
        ("8h", 28800),
        ("2d", 172800),
        ("45s", 45),
        ("8 hours", 28800),
        ("1w", 604800),
        ("1h 30min", 5400),
    ],
)
def test_durations_as_people_write_them(text, length):
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["", "soon", "-1h", "1.5h", "h", "٣h", "1y", "8h later", "9" * 10])
def test_other_durations_are_refused(text):
    with pytest.raises(ValueError, match="30m"):
        seconds(text)


@given(st.integers(min_value=1, max_value=10**7))
def test_what_remains_is_never_said_to_be_over_while_it_lasts(length):
    now = datetime(2026, 1, 31, tzinfo=UTC)
    assert remaining((now + timedelta(seconds=length)).isoformat(), now) == span(length) != "over"


def test_a_time_without_an_offset_is_this_computers():
    now = datetime(2026, 1, 31, tzinfo=UTC)
    assert instant("24h", now) == now - timedelta(hours=24)
    assert instant("2026-01-31T09:00:00", now).tzinfo is not None


@pytest.mark.parametrize("command", [[], *([name] for name in MODULES if name != "policy")])
def test_help_says_what_a_command_is_for_in_plain_lines(alice, command):
    done = alice.run(*command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: broker")
    assert "│" not in done.stdout


def test_notes_break_between_words_on_a_terminal_only(alice, contract):
    note = " ".join(f"word{number}" for number in range(60))
    contract.answers["PUT", "/api/v1/roles/x"] = {"name": "x", "changes": [], "warnings": [note]}
    (alice.home / "x.yaml").write_text("name: x\n")
    shown = on_a_terminal(alice, "roles", "plan", str(alice.home / "x.yaml")).replace("\r", "").splitlines()
    assert max(map(len, shown)) <= 100
    assert {word for line in shown for word in line.split()} >= set(note.split())
    assert f"note: {note} (x)" in alice.run("roles", "plan", "x.yaml").stdout.splitlines()
