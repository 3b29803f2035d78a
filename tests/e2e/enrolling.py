"""A person with a phone at a terminal: reads the QR code that `broker mfa enroll` draws, and types codes."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import zxingcpp

from localaws import totp
from tests.e2e.cli_person import BROKER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.e2e.cli_person import Person

BLOCKS = frozenset("\u2588\u2580\u2584 ")
SCALE = 4
DEADLINE_SECONDS = 60


class Terminal:
    """A pseudo-terminal with a program on it."""

    def __init__(self, leader: int) -> None:
        self._leader, self.shown = leader, ""

    def until(self, words: str, times: int = 1) -> str:
        """All that was shown, as soon as the words are in it so often."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.shown.count(words) < times:
            assert time.monotonic() < deadline, self.shown
            try:
                self.shown += os.read(self._leader, 65536).decode(errors="replace")
            except OSError:  # the program has ended
                assert self.shown.count(words) >= times, self.shown
        return self.shown

    def type(self, line: str) -> None:
        os.write(self._leader, line.encode() + b"\n")


@contextmanager
def on_a_terminal(person: Person, *arguments: str, ends_with: int = 0) -> Iterator[Terminal]:
    """Run `broker` on a terminal; at the end it must end with this code."""
    leader, follower = os.openpty()
    with person.spawn_on_a_terminal([BROKER, *arguments], follower) as process:
        os.close(follower)
        terminal = Terminal(leader)
        yield terminal
        assert process.wait(DEADLINE_SECONDS) == ends_with, terminal.shown
    os.close(leader)


def qr_content(shown: str) -> str:
    """The text of the QR code among the lines of a terminal, each of which holds two rows of modules."""
    drawn = [line.rstrip("\r") for line in shown.splitlines() if len(line) > 20 and set(line.rstrip("\r")) <= BLOCKS]
    rows = [_pixels(line, half) for line in drawn for half in ("\u2588\u2580", "\u2588\u2584") for _ in range(SCALE)]
    image = memoryview(b"".join(rows)).cast("B", (len(rows), len(rows[0])))
    [found] = zxingcpp.read_barcodes(image)
    return str(found.text)


def seed_in(uri: str) -> str:
    """The seed that a provisioning URI carries (github.com/google/google-authenticator, "Key URI Format")."""
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    return parse_qs(parts.query)["secret"][0]


def codes_of(seed: str, *steps: int) -> list[str]:
    """Codes of RFC 6238, so many time steps from now."""
    now = totp.counter(time.time())
    return [totp.code(seed, now + step) for step in steps]


def _pixels(line: str, light: Sequence[str]) -> bytes:
    return b"".join((b"\xff" if letter in light else b"\0") * SCALE for letter in line)
