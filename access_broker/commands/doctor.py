"""Checks of a deployment (docs/doctor.md)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from access_broker.command_line.spec import Command, Option

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection


def doctor(connection: Connection, given: Given) -> int:
    """Examine the deployment; the exit code tells how it went."""
    from access_broker.doctor.aws.deployment import Deployment  # noqa: PLC0415  botocore takes its time
    from access_broker.doctor.aws.gather import GATHERERS  # noqa: PLC0415
    from access_broker.doctor.examine import Facts, examine, exit_code  # noqa: PLC0415
    from access_broker.doctor.report import as_document, show  # noqa: PLC0415
    from access_broker.http.signing import aws_session  # noqa: PLC0415

    settings, output = connection.settings, connection.output
    stack, canary, package = given.text("stack"), given.text("canary"), given.text("package")
    with output.working("Examining the deployment") as say:
        session = aws_session(settings.profile)
        broker = connection.broker
        patient = Deployment(settings.url, broker, session, broker.signer.region, stack, canary, package, say)
        facts = Facts({name: functools.partial(gather, patient) for name, gather in GATHERERS.items()})
        found = examine(facts, lambda check: say(f"{check.topic}: {check.asks}"))
    output.show(as_document(found), lambda: show(found, output))
    return exit_code(found)


COMMANDS = {
    "doctor": Command(
        doctor,
        "Check a deployment: run it as an administrator of the account after each deployment.",
        (
            Option("--stack", "The stack. [the one of the API]", "NAME"),
            Option("--canary", "Take this role instead of one made for it.", "ROLE"),
            Option("--package", "The folder of deployment.zip. [this checkout's]", "DIR", names="file"),
        ),
        more="Exit codes: 0 all good, 1 a check failed, 2 nothing failed, but AWS refused some looks.",
        examples=("broker doctor --profile admin", "broker doctor --profile admin --json > doctor.json"),
    )
}
