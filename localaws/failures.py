"""Errors of the embedded AWS. Each has a message of one sentence for the person at the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class LocalAwsError(Exception):
    """Ends a command with exit code 1. Its text is printed."""


class NoSuchPort(LocalAwsError):
    """The number is not a TCP port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is not possible: choose one from 1 to 65535 with PORT=")


class PortInUse(LocalAwsError):
    """Another program listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use: end the program that listens there or choose another port with PORT=")


class AlreadyRunning(LocalAwsError):
    """`make up` is running in this clone."""

    def __init__(self, port: int) -> None:
        super().__init__(f"the embedded AWS of this clone is running on port {port}: end it with make down")


class NoSuchDevice(LocalAwsError):
    """No profile of this name has an MFA device, or nothing runs."""

    def __init__(self, profile: str) -> None:
        super().__init__(f"{profile} has no MFA device here: run make up, then name admin, alice, bob or carol")


class ToolMissing(LocalAwsError):
    """A program that a step calls is not installed."""

    def __init__(self, tool: str) -> None:
        super().__init__(f"{tool} is not installed or not on PATH, and this step needs it")


class StepFailed(LocalAwsError):
    """A step failed; its log says more."""

    def __init__(self, step: str, reason: str, log: Path) -> None:
        super().__init__(f"{step} failed: {reason} (log: {log})")
