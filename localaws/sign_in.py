"""A local counterpart of AWS's federation endpoint, over real HTTP.

Speaks the protocol of the IAM user guide, "Enable custom identity broker
access to the AWS console": getSigninToken takes a Session of temporary
credentials, login takes the token. The credentials are checked against the
embedded AWS; a login answers a page that says who is signed in.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN_LIVES_SECONDS = 15 * 60
ADDRESS = "sign-in.url"


class SignInServer(ThreadingHTTPServer):
    """The endpoint on a loopback port; `aws` is the embedded AWS that knows the credentials."""

    daemon_threads = True

    def __init__(self, port: int, aws: str) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.aws = aws
        self.tokens: dict[str, tuple[float, str]] = {}

    @property
    def url(self) -> str:
        """The value of BROKER_SIGN_IN_ENDPOINT."""
        return f"http://127.0.0.1:{self.server_port}/federation"

    def token(self, query: dict[str, str]) -> tuple[int, str]:
        """GetSigninToken: AWS refuses long-lived credentials, and SessionDuration with chained ones."""
        if "SessionDuration" in query:
            return 400, "SessionDuration is not taken with credentials from role chaining"
        session = json.loads(query.get("Session", "{}"))
        if set(session) != {"sessionId", "sessionKey", "sessionToken"}:
            return 400, "Session must hold sessionId, sessionKey and sessionToken"
        arn = self._identity(session)
        if arn is None:
            return 400, "The session's credentials are not valid"
        token = secrets.token_urlsafe(64)
        self.tokens[token] = (time.time() + TOKEN_LIVES_SECONDS, arn)
        return 200, json.dumps({"SigninToken": token})

    def login(self, query: dict[str, str]) -> tuple[int, str]:
        """Login: a page for a token that is known and not older than 15 minutes."""
        until, arn = self.tokens.get(query.get("SigninToken", ""), (0.0, ""))
        if time.time() >= until or not query.get("Destination"):
            return 400, "The sign-in link has expired"
        return 200, f"<title>AWS console (local)</title>Signed in as {arn}, going to {query['Destination']}"

    def _identity(self, session: dict[str, Any]) -> str | None:
        sts = boto3.client(
            "sts",
            endpoint_url=self.aws,
            region_name="us-east-1",
            aws_access_key_id=session["sessionId"],
            aws_secret_access_key=session["sessionKey"],
            aws_session_token=session["sessionToken"],
        )
        try:
            return str(sts.get_caller_identity()["Arn"])
        except (ClientError, BotoCoreError):
            return None


class _Handler(BaseHTTPRequestHandler):
    server: SignInServer

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def _answer(self, form: str) -> None:
        query = {name: values[0] for name, values in parse_qs(form).items()}
        actions = {"getSigninToken": self.server.token, "login": self.server.login}
        action = actions.get(query.get("Action", ""))
        status, text = action(query) if action else (400, "Unknown Action")
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Say nothing: the request line of a login holds the token."""


def start(directory: Path, aws: str) -> None:
    """Serve in the background of this process, and write the URL to a file."""
    server = SignInServer(0, aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (directory / ADDRESS).write_text(server.url)


def url_of(directory: Path) -> str:
    """The URL of the endpoint that works in `directory`."""
    return (directory / ADDRESS).read_text()


@contextmanager
def serving(aws: str, port: int = 0) -> Iterator[SignInServer]:
    """The endpoint in a thread of this process, for as long as the block runs."""
    server = SignInServer(port, aws)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
