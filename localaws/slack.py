"""A local counterpart of Slack, over real HTTP: its Web API, its signed requests, its response URLs.

Follows docs.slack.dev: chat.postMessage, chat.update and auth.test as slack_sdk
calls them; slash commands and block actions signed with v0. Tests act as people
in Slack's window by calls under /counterpart. A test can also make it fail.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from slack_sdk.signature import SignatureVerifier

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEAM, CHANNEL = "T0LOCAL", "C0ACCESS"
SETTINGS = "slack.json"
OWNER_ONLY = 0o600
ANSWERS_LIVE_SECONDS = 1800
ANSWERS_TAKEN = 5
TOLD_WITHIN_SECONDS = 60
RETRY_AFTER_SECONDS = 2

Reply = tuple[int, dict[str, Any]]


def user_id(name: str) -> str:
    """The user of that name in the local workspace."""
    return f"U0{name.upper()}"


def handle(name: str) -> str:
    """The value of the IAM tag access-broker:slack of that person."""
    return f"{TEAM}/{user_id(name)}"


@dataclass
class State:
    """The messages in the workspace, and the calls of the outgoing webhook."""

    app_url: str = ""
    down: str = ""
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    open_answers: dict[str, tuple[str, float, int]] = field(default_factory=dict)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    """Calls that met each value of `down`."""


class SlackServer(ThreadingHTTPServer):
    """One workspace with one channel and one app."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.signing_secret, self.bot_token = secrets.token_hex(16), f"xoxb-{secrets.token_urlsafe(24)}"
        self.state, self.lock = State(), threading.Lock()

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.server_port}"

    def api(self, method: str, said: dict[str, Any], token: str) -> Reply:
        """One method of the Web API."""
        if token != self.bot_token:
            return 200, {"ok": False, "error": "invalid_auth"}
        if method == "auth.test":
            return 200, {"ok": True, "team_id": TEAM, "user_id": "U0BROKER"}
        if said.get("channel") != CHANNEL:
            return 200, {"ok": False, "error": "channel_not_found"}
        with self.lock:
            if method == "chat.postMessage":
                ts = f"{time.time():.6f}"
                self.state.messages[ts] = {"ts": ts, "changes": 0, **said}
            elif method == "chat.update" and said.get("ts") in self.state.messages:
                ts = said["ts"]
                changes = self.state.messages[ts]["changes"] + 1
                self.state.messages[ts] = {"changes": changes, **said}
            else:
                return 200, {"ok": False, "error": "message_not_found"}
        return 200, {"ok": True, "channel": CHANNEL, "ts": ts}

    def answered(self, token: str, said: dict[str, Any]) -> Reply:
        """An answer to a response_url: half an hour, five times."""
        with self.lock:
            user, until, left = self.state.open_answers.get(token, ("", 0.0, 0))
            if time.time() >= until or not left:
                return 404, {"ok": False, "error": "expired_url"}
            self.state.open_answers[token] = (user, until, left - 1)
            self.state.answers.append({"user": user, **said})
        return 200, {"ok": True}

    def say(self, said: dict[str, Any]) -> Reply:
        """A user types `/access …`."""
        user = said["user"]
        form = {
            "team_id": TEAM,
            "user_id": user_id(user),
            "channel_id": CHANNEL,
            "command": "/access",
            "text": said["text"],
            "response_url": self.response_url(user),
            "trigger_id": secrets.token_hex(8),
        }
        return self._send("/chat/slack/commands", form)

    def click(self, said: dict[str, Any]) -> Reply:
        """A user clicks a button that is under a message, or was there when the window last drew it."""
        message, user = said.get("message") or self.state.messages[said["ts"]], said["user"]
        buttons = [one for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]
        button = next(one for one in buttons if one["action_id"] == said["action"])
        payload = {
            "type": "block_actions",
            "user": {"id": user_id(user), "team_id": TEAM},
            "team": {"id": TEAM},
            "channel": {"id": CHANNEL},
            "container": {"type": "message", "message_ts": said["ts"]},
            "response_url": self.response_url(user),
            "actions": [{"action_id": button["action_id"], "value": button["value"], "type": "button"}],
        }
        return self._send("/chat/slack/interactions", {"payload": json.dumps(payload)})

    def response_url(self, user: str) -> str:
        """A URL where the app may answer that user, for half an hour."""
        token = secrets.token_urlsafe(16)
        self.state.open_answers[token] = (user, time.time() + ANSWERS_LIVE_SECONDS, ANSWERS_TAKEN)
        return f"{self.url}/api/answers/{token}"

    def _send(self, path: str, form: dict[str, str]) -> Reply:
        """The request as the app received it, and the answer. A test can change it and send it again."""
        body, timestamp = urlencode(form), str(int(time.time()))
        signature = SignatureVerifier(self.signing_secret).generate_signature(timestamp=timestamp, body=body)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": str(signature),
        }
        request = urllib.request.Request(self.state.app_url + path, body.encode(), headers)  # noqa: S310  the app's own
        try:
            with urllib.request.urlopen(request, timeout=TOLD_WITHIN_SECONDS) as answer:  # noqa: S310
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read().decode()
        sent = {"path": path, "body": body, "headers": headers}
        return 200, {"status": status, "text": text, "sent": sent}

    def counterpart(self, what: str, said: dict[str, Any]) -> Reply:
        """The actions of people in Slack's window, and the state that tests read."""
        acts: dict[str, Callable[[dict[str, Any]], Reply]] = {"say": self.say, "click": self.click}
        if what in acts:
            return acts[what](said)
        for name in {"app_url", "down"} & said.keys():
            setattr(self.state, name, said[name])
        shown = {"answers": self.state.answers, "deliveries": self.state.deliveries, "refused": self.state.refused}
        return 200, {"messages": list(self.state.messages.values()), **shown}


class _Handler(BaseHTTPRequestHandler):
    server: SlackServer

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/counterpart/"):
            return self._reply(*self.server.counterpart(self.path.rpartition("/")[2], json.loads(raw or b"{}")))
        if self.server.state.down:
            return self._down(self.server.state.down)
        if self.path == "/elsewhere":
            told = {"headers": dict(self.headers), "body": raw.decode()}
            self.server.state.deliveries.append(told)
            return self._reply(200, {})
        if self.path.startswith("/api/answers/"):
            return self._reply(*self.server.answered(self.path.rpartition("/")[2], json.loads(raw)))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return self._reply(*self.server.api(self.path.removeprefix("/api/"), json.loads(raw or b"{}"), token))

    def _down(self, how: str) -> None:
        """`refuse` closes the connection, `429` asks to wait, any other status is the answer."""
        with self.server.lock:
            self.server.state.refused[how] = self.server.state.refused.get(how, 0) + 1
        if how == "refuse":
            self.close_connection = True
            self.connection.close()
            return
        self._reply(int(how), {"ok": False, "error": "ratelimited" if how == "429" else "internal_error"})

    def _reply(self, status: int, document: dict[str, Any]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status == 429:  # noqa: PLR2004  HTTP's Too Many Requests
            self.send_header("Retry-After", str(RETRY_AFTER_SECONDS))
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Say nothing."""


def start(directory: Path) -> None:
    """Serve in the background of this process. Write the URL and the shared secrets to a file."""
    server = SlackServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = directory / SETTINGS
    settings.touch(mode=OWNER_ONLY)
    shared = {"webhook_secret": secrets.token_hex(16), "bot_token": server.bot_token}
    told = {"url": server.url, "signing_secret": server.signing_secret, **shared}
    settings.write_text(json.dumps(told))


@dataclass(frozen=True, slots=True)
class Slack:
    """The counterpart as seen from another process."""

    url: str
    signing_secret: str = field(repr=False)
    bot_token: str = field(repr=False)
    webhook_secret: str = field(repr=False)

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables that no template sets: the functions call this URL instead of slack.com."""
        return {"BROKER_SLACK_API": f"{self.url}/api/", "BROKER_WEBHOOK_LOOPBACK": "yes"}

    @property
    def parameters(self) -> dict[str, str]:
        """The stack's parameters: the channel, and another system that listens."""
        return {"SlackChannel": CHANNEL, "WebhookUrl": f"{self.url}/elsewhere"}

    @property
    def shared(self) -> dict[str, str]:
        """Secrets by their name in Parameter Store."""
        slacks = {"slack-signing-secret": self.signing_secret, "slack-bot-token": self.bot_token}
        return {**slacks, "webhook-secret": self.webhook_secret}

    def do(self, what: str, **said: object) -> dict[str, Any]:
        """Under /counterpart: `say`, `click`, `state`."""
        address, body = f"{self.url}/counterpart/{what}", json.dumps(said).encode()
        with urllib.request.urlopen(address, body, timeout=TOLD_WITHIN_SECONDS * 2) as answer:  # noqa: S310  loopback
            found: dict[str, Any] = json.load(answer)
            return found


def of(directory: Path) -> Slack:
    """The counterpart that works in `directory`."""
    return Slack(**json.loads((directory / SETTINGS).read_text()))
