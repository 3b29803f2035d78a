"""Every command of the README runs, and the Japanese one covers the same."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from localaws.broker import PROVISION_FUNCTION
from localaws.roles import order
from tests.e2e.auditing import ask, make_engineer, make_role, take

if TYPE_CHECKING:
    from localaws.broker import Broker

README, JAPANESE = Path("README.md"), Path("README.ja.md")
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
SENTENCE = re.compile(r"`(broker [^`]+)`")

ELSEWHERE = ("make demo", "make test", "make up", "make down", ". .local/env")
"""Run by .ci/run and tests/e2e/test_up_and_down.py; here the fixture's broker and environment stand in for them."""

SHOWN_CODE = "$(python -m localaws mfa-code bob)"

RUN_ON = {
    "broker serve ROLE",
    "broker exec prod-ec2 -- …",
    "broker portal",
    "broker roles restore",
    "broker roles suggest NAME",
    "broker doctor",
}
"""Three go on until they are ended or decided (test_cli_endpoint.py, test_cli_waiting.py, test_portal.py); one lacks
its end; the last two have a file of their own (test_suggest.py, test_doctor.py)."""


def commands(readme: Path) -> list[str]:
    return [line for block in BLOCK.findall(readme.read_text()) for line in block.splitlines() if line.strip()]


def test_every_command_runs_in_order(broker: Broker, tmp_path: Path) -> None:
    lines = [line for line in commands(README) if line not in ELSEWHERE]
    script = "\n".join(
        ["set -e", "set -o pipefail", *(f"echo '+ {number}' >&2\n{line}" for number, line in enumerate(lines))]
    )
    # `broker configure` writes: into a copy of the fixture's config.
    config = tmp_path / "config"
    config.write_text(Path(broker.environ()["AWS_CONFIG_FILE"]).read_text())
    environ = broker.environ("alice") | {"HOME": str(tmp_path), "AWS_CONFIG_FILE": str(config)}
    try:
        done = subprocess.run(
            ["bash", "-c", script],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
    finally:
        for made in ("roles delete AWSEC2FULLACCESS", "users delete sts_user", "users delete dana"):
            subprocess.run(["broker", *made.split()], env=broker.environ("admin"), capture_output=True, check=False)
    last = int(re.findall(r"^\+ (\d+)$", done.stderr, re.MULTILINE)[-1])
    assert done.returncode == 0, f"{lines[last]}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    assert "refused: alice has no permissions" in done.stdout
    assert "engineers-standing" in done.stdout


def test_every_command_within_a_sentence_runs_too(broker: Broker) -> None:
    make_role(broker, "told")
    session, _ = take(broker, "alice", "told")
    wanted = {"role": "prod-ec2", "duration_seconds": 1800, "reason": "as told"}
    request = ask(broker, make_engineer(broker, "rita"), "POST", "/v1/requests", wanted).document["id"]
    real = {
        "broker roles show NAME": "told",
        f"broker approve ID --profile bob --mfa-code {SHOWN_CODE}": request,
        "broker activity ID": session,
        "broker revoke ID": session,
        "broker roles restore NAME": "told",
        "broker policy replay": "",
        "broker report access": "",
    }
    for readme in (README, JAPANESE):
        assert set(SENTENCE.findall(readme.read_text())) == real.keys() | RUN_ON
    for line, name in real.items():
        code = broker.mfa_code("bob") if SHOWN_CODE in line else ""
        if "restore" in line:
            order(
                broker.session_for("admin").client("lambda"),
                PROVISION_FUNCTION,
                {"action": "delete_role", "name": name},
            )
        words = re.sub(r"\b(NAME|ID)\b", name, line.replace(SHOWN_CODE, code)).split()
        done = subprocess.run(
            words, env=broker.environ("admin"), capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_the_japanese_readme_covers_the_same_headings_and_commands() -> None:
    def levels(readme: Path) -> list[str]:
        return re.findall(r"^(#+) ", re.sub(r"```.*?```", "", readme.read_text(), flags=re.DOTALL), re.MULTILINE)

    assert levels(JAPANESE) == levels(README)
    assert commands(JAPANESE) == commands(README)
