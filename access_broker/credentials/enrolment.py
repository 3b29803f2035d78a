"""Enrolling one's own MFA device: its QR code in the terminal, then two codes that follow each other."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from access_broker.failures import Misused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from access_broker.http.broker import Broker
    from access_broker.output.printer import Output

SHOWN = ("name", "serial", "seed", "uri")
CODES = 2
"""Codes that EnableMFADevice takes (IAM API reference)."""

TRIES = 3
QUESTIONS = ("The code that the device shows: ", "The next one, when it changes: ")
NEXT = "Enable it by two codes that follow each other: broker mfa enroll --code CODE --code CODE"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Makes the caller's device and enables it. The seed is shown once and kept nowhere."""

    broker: Broker
    output: Output

    def run(self, *, interactive: bool) -> None:
        """Make the device. Where a person types, enable it too; else say the command that does."""
        made = self.broker.post("me", "mfa-devices")
        self.output.show({name: made[name] for name in SHOWN}, lambda: self._show(made))
        sys.stdout.flush()
        if interactive:
            self._ask(made["name"])
        else:
            self.output.notice(NEXT)

    def enable(self, name: str, codes: Sequence[str]) -> None:
        """Enable the device that was made before."""
        if len(codes) != CODES:
            raise Misused("Give two codes that follow each other: --code CODE --code CODE")
        self._enable(name, codes)

    def _ask(self, name: str) -> None:
        """Two codes from a person, again where AWS does not take them."""
        for tries_left in reversed(range(TRIES)):
            try:
                self._enable(name, [_typed(question) for question in QUESTIONS])
            except Misused as unfit:
                if not (tries_left and "codes" in unfit.fields):
                    raise
                self.output.notice("AWS does not take these codes. Type two new ones that follow each other.")
            else:
                return

    def _enable(self, name: str, codes: Sequence[str]) -> None:
        enabled = self.broker.post("me", "mfa-devices", name, "enable", body={"codes": list(codes)})
        words = f"The device {enabled['name']} is enabled. The command asks for its code where a rule wants MFA."
        self.output.show(enabled, lambda: self.output.line(words))

    def _show(self, made: dict[str, Any]) -> None:
        """The QR code, and the seed for those who type it."""
        if sys.stdout.isatty():
            import segno  # noqa: PLC0415  only here

            segno.make(made["uri"]).terminal(compact=True)
        self.output.facts([("device", made["serial"]), ("seed", made["seed"]), ("uri", made["uri"])])
        self.output.notice("The seed is shown this once. Give it to no one.")


def _typed(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    if code := sys.stdin.readline().strip():
        return code
    raise Misused(f"No code was typed: the device is not enabled. {NEXT}")
