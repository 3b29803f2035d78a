"""Stands in for answers that come as a stream of events: no operation that is called has one."""

from __future__ import annotations

from typing import NoReturn


class NoInitialResponseError(Exception):
    """The exception that the parser catches."""


class EventStream:
    """Cannot be made."""

    def __init__(self, *_args: object, **_options: object) -> NoReturn:
        raise NotImplementedError("event streams are left out of the package: see lambda_package/stand_ins/botocore")
