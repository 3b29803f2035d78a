"""The broker over HTTP: signed requests to the routes of its contract, JSON back."""

from __future__ import annotations

import contextlib
import json
import random
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from access_broker import __version__
from access_broker.failures import Misused
from access_broker.http.advice import WRONG_ADDRESS, devices_of, failure, not_admitted, wants_mfa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from access_broker.http.second_factor import SecondFactor
    from access_broker.http.signing import Signer
    from access_broker.http.transport import Answer, Transport

RETRIED = frozenset({429, 503})
ATTEMPTS = 4
WAIT_SECONDS = 30.0
"""All waiting between attempts of one request, together."""

PAGE = 100
WORKING = "Waiting for the broker"
HEADERS = {"Accept": "application/json", "User-Agent": f"access-broker-cli/{__version__}"}


def _ignore(_notice: str) -> None:
    """Says nothing."""


def _wait_silently(_words: str) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker as one caller. `notice` is told why it takes longer, `patience` while it does; `wait` sleeps.

    Every change carries a key of its own, the same on each attempt: what was
    done already is not done twice.
    """

    url: str
    signer: Signer
    transport: Transport
    notice: Callable[[str], None] = _ignore
    patience: Callable[[str], contextlib.AbstractContextManager[None]] = _wait_silently
    wait: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = field(default=random.random)
    new_key: Callable[[], str] = field(default=secrets.token_urlsafe)
    second_factor: SecondFactor | None = None

    def get(self, *path: str, **query: str | int | None) -> Any:
        """GET /v1/path…; query members that are None are left out."""
        return self._ask("GET", path, query)

    def post(self, *path: str, body: Mapping[str, Any] | None = None) -> Any:
        """POST /v1/path… with members of `body` that are not None."""
        return self._ask("POST", path, {}, _present(body or {}))

    def patch(self, *path: str, body: Mapping[str, Any]) -> Any:
        """PATCH /v1/path…."""
        return self._ask("PATCH", path, {}, body)

    def put(self, *path: str, body: Mapping[str, Any], **query: str | None) -> Any:
        """PUT /v1/path… with the whole body, nulls included: a template means them."""
        return self._ask("PUT", path, query, body)

    def delete(self, *path: str, **query: str | None) -> Any:
        """DELETE /v1/path…."""
        return self._ask("DELETE", path, query)

    def items(self, name: str, *path: str, limit: int | None = None, **query: str | None) -> Iterator[Any]:
        """The members of a list, page after page, at most `limit` of them."""
        left, cursor = limit, None
        while left is None or left > 0:
            page = self.get(*path, limit=min(left or PAGE, PAGE), cursor=cursor, **query)
            found = page[name][:left]
            yield from found
            left = None if left is None else left - len(found)
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def _ask(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, str | int | None],
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        headers = HEADERS | ({} if method == "GET" else {"Idempotency-Key": self.new_key()})
        headers |= {} if body is None else {"Content-Type": "application/json"}

        def send(signer: Signer, base: str) -> Answer:
            url = self._address(base, path, query)
            return self._persist(lambda: self.transport.send(signer.signed(method, url, headers, content)))

        try:
            answer = send(self.signer, self.url)
            if self.second_factor and wants_mfa(answer):
                answer = self._under_mfa(self.second_factor, answer, lambda signer: send(signer, f"{self.url}/mfa"))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_interrupted(method, path)) from None
        return _decoded(answer)

    def _under_mfa(self, factor: SecondFactor, refused: Answer, send: Callable[[Signer], Answer]) -> Answer:
        """The same request under /mfa: with what is at hand, or, where that is too old, with a new code."""
        at_hand = factor.at_hand()
        answer = send(at_hand) if at_hand else None
        if answer is None or not_admitted(answer):
            answer = send(factor.fresh(devices_of(refused)))
        return answer

    def _address(self, base: str, path: tuple[str, ...], query: Mapping[str, str | int | None]) -> str:
        address = "/".join([base, "v1", *(quote(part, safe="") for part in path)])
        asked = urlencode(_present(query), quote_via=quote)
        return f"{address}?{asked}" if asked else address

    def _persist(self, send: Callable[[], Answer]) -> Answer:
        """Try again where the broker asks for it, within ATTEMPTS and WAIT_SECONDS."""
        left = WAIT_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            with self.patience(WORKING):
                answer = send()
            pause = self._pause(answer, attempt)
            if answer.status not in RETRIED or attempt == ATTEMPTS or pause > left:
                break
            self.notice(f"The broker is busy (HTTP {answer.status}); trying again in {pause:.0f} s.")
            self.wait(pause)
            left -= pause
        return answer

    def _pause(self, answer: Answer, attempt: int) -> float:
        """Seconds of Retry-After, or a second doubled each time; plus up to half a second, so that clients spread."""
        said = answer.headers.get("Retry-After", "")
        seconds = int(said) if said.isascii() and said.isdecimal() else 2 ** (attempt - 1)
        return seconds + self.jitter() / 2


def _interrupted(method: str, path: tuple[str, ...]) -> str:
    if method == "GET":
        return "Interrupted; nothing was changed."
    return (
        f"Interrupted before the answer to {method} {'/'.join(path)}: it may have been done; look before you repeat it."
    )


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _decoded(answer: Answer) -> Any:
    if not 200 <= answer.status < 300:  # noqa: PLR2004  HTTP's own boundaries
        raise failure(answer, datetime.now(UTC))
    try:
        return json.loads(answer.body) if answer.body else {}
    except ValueError:
        raise Misused(WRONG_ADDRESS) from None
