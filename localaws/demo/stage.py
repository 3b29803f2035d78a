"""Tools of every scene: print, run real clients, and fail at a wrong answer."""

from __future__ import annotations

import json
import shutil
import subprocess
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localaws.failures import LocalAwsError, ToolMissing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localaws.broker import Broker

WIDTH = 100
ANSWERS_WITHIN_SECONDS = 60
SIGNER = "aws:amz:{region}:execute-api"


class SceneFailed(LocalAwsError):
    """An answer was not what the scenario says."""

    def __init__(self, scene: str, expected: str, answer: str) -> None:
        super().__init__(f'scene "{scene}" failed: expected {expected}; the answer was: {answer}')


@dataclass(frozen=True, slots=True)
class Said:
    """The answer of a program."""

    code: int
    text: str

    @property
    def document(self) -> dict[str, Any]:
        """The answer as JSON; empty when it is none."""
        try:
            found: dict[str, Any] = json.loads(self.text)
        except ValueError:
            return {}
        return found


@dataclass(slots=True)
class Stage:
    """The broker, and the state that one scene leaves for the next."""

    broker: Broker
    scene: str = ""
    number: int = 0
    given: dict[str, str] = field(default_factory=dict, repr=False)
    """The credentials the broker issued, as the environment variables of the AWS CLI."""
    session: dict[str, Any] = field(default_factory=dict)

    def open(self, scene: str) -> None:
        """Begin a scene."""
        self.number, self.scene = self.number + 1, scene
        print(f"\n{self.number}. {scene}", flush=True)

    def say(self, text: str) -> None:
        """Print a line of explanation."""
        print(textwrap.indent(textwrap.fill(text, WIDTH - 3), "   "), flush=True)

    def show(self, text: str) -> None:
        """Show an answer as it is."""
        print(textwrap.indent(text.strip(), "   | "), flush=True)

    def expect(self, expected: str, *, true: bool, answer: str) -> None:
        """Fail the scene unless the answer is as expected."""
        if not true:
            raise SceneFailed(self.scene, expected, answer.strip())

    def aws(self, command: str, *more: str, who: str = "", using: Mapping[str, str] | None = None) -> Said:
        """Run the AWS CLI with a profile, or with the credentials in `using`. Show the command and the answer."""
        words = ["aws", *command.split(), *more]
        self._prompt(" ".join(["aws", *(["--profile", who] if who else []), command, *more]))
        said = _run(words, self.broker.environ(who or None) | dict(using or {}))
        self.show(said.text or "(no output: success)")
        return said

    def command(self, line: str, who: str) -> Said:
        """Run a command of a person, from the folder of this broker. Show the command and the answer."""
        self._prompt(line)
        said = _run(line.split(), self.broker.environ(who), place=self.broker.directory)
        self.show(said.text or "(no output: success)")
        return said

    def succeeds(self, line: str, who: str) -> Said:
        """The same, and it has to succeed."""
        said = self.command(line, who)
        self.expect("success", true=said.code == 0, answer=said.text)
        return said

    def requests(self, who: str) -> list[dict[str, Any]]:
        """The requests that a person sees."""
        found: list[dict[str, Any]] = self.curl("/v1/requests", user=self.keys(who)).document["requests"]
        return found

    def refused(self, said: Said, code: str) -> None:
        """The AWS CLI was refused with this code."""
        self.expect(f"AWS to refuse with {code}", true=said.code != 0 and f"({code})" in said.text, answer=said.text)

    def allowed(self, said: Said) -> None:
        """The AWS CLI was allowed."""
        self.expect("AWS to allow it", true=said.code == 0, answer=said.text)

    def curl(self, path: str, body: Mapping[str, Any] | None = None, user: str = "") -> Said:
        """Call the broker with curl, signed for `user` (key:secret) if given, and do not show what it answers."""
        url = self.broker.broker_url + path
        method = "POST" if body is not None else "GET"
        signed = f' --aws-sigv4 "{SIGNER.format(region=self.broker.region)}" --user "$KEY:$SECRET"' if user else ""
        data = f" --data '{json.dumps(body)}'" if body is not None else ""
        self._prompt(f"curl --request {method}{signed}{data} $BROKER_URL{path}")
        lines = [f'url = "{url}"', f'request = "{method}"', 'header = "content-type: application/json"']
        if user:
            lines += [f'aws-sigv4 = "{SIGNER.format(region=self.broker.region)}"', f'user = "{user}"']
        if body is not None:
            lines.append(f"data = {json.dumps(json.dumps(body))}")
        # The secret goes in by standard input: other processes can read command lines.
        return _run(["curl", "--silent", "--show-error", "--config", "-"], self.broker.environ(), "\n".join(lines))

    def keys(self, who: str) -> str:
        """The long-term keys of a profile in the form that curl takes."""
        found = self.broker.session_for(who).get_credentials()
        assert found is not None, who  # noqa: S101  (localaws wrote the profile)
        return f"{found.access_key}:{found.secret_key}"

    def close(self) -> None:
        """Print the last lines while everything still runs."""
        print("\nEnding the embedded AWS.", flush=True)

    def _prompt(self, command: str) -> None:
        print(f"   $ {command}", flush=True)


def masked(secret: str) -> str:
    """Show that the value is there, and no part of it."""
    return f"({len(secret)} characters, not shown)"


def as_variables(credentials: Mapping[str, Any]) -> dict[str, str]:
    """Temporary credentials as the AWS CLI reads them from its environment."""
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }


def _run(words: list[str], environ: Mapping[str, str], told: str = "", place: Path | None = None) -> Said:
    if not shutil.which(words[0], path=environ["PATH"]):
        raise ToolMissing(words[0])
    done = subprocess.run(
        words,
        env=environ,
        input=told,
        capture_output=True,
        text=True,
        timeout=ANSWERS_WITHIN_SECONDS,
        check=False,
        cwd=place,
    )
    return Said(done.returncode, done.stdout or done.stderr)
