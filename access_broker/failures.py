"""Everything that ends a command early: one sentence for the person, one exit code for the script."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERRUPTED = 130
"""Exit code after Ctrl-C, as a shell gives it (128 + SIGINT)."""


class Failure(Exception):
    """A command that did not do what was asked. The message says what to do next.

    Never holds a secret: it is printed.
    """

    exit_code = 1

    def __init__(self, sentence: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fields = dict(fields or {})


class Refused(Failure):
    """The broker or AWS said no."""


class Misused(Failure):
    """The command line, a file or a setting is at fault."""

    exit_code = 2


class ApprovalRequired(Failure):
    """Another person has to agree first."""

    exit_code = 3


class NotFound(Failure):
    """There is no such thing, or the caller may not know that there is."""

    exit_code = 4


class Unavailable(Failure):
    """The broker, AWS or the network is out of reach for now."""

    exit_code = 5


class NotSignedIn(Failure):
    """The caller's own AWS credentials are missing, expired or not accepted."""

    exit_code = 6
