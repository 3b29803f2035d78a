"""Whether a deployment works as it should (docs/doctor.md)."""

import functools
from typing import Annotated

import typer

from access_broker.frame.connection import Connection, connected

app = typer.Typer(rich_markup_mode=None)


@app.command()
@connected
def doctor(
    connection: Connection,
    *,
    stack: Annotated[
        str | None, typer.Option("--stack", metavar="NAME", help="The stack. [the one of the API]")
    ] = None,
    canary: Annotated[
        str | None, typer.Option("--canary", metavar="ROLE", help="Take this role instead of one made for it.")
    ] = None,
    package: Annotated[
        str | None, typer.Option("--package", metavar="DIR", help="Where deployment.zip is. [this checkout's]")
    ] = None,
) -> None:
    """Check a deployment: run it as an administrator of the account after each deployment.

    Exit codes: 0 all good, 1 a check failed, 2 nothing failed, but AWS refused some looks.

    \b
    Examples:
      broker doctor --profile admin
      broker doctor --profile admin --json > doctor.json
    """  # noqa: D301  \b keeps the lines of the examples apart
    from access_broker.doctor.aws.deployment import Deployment  # noqa: PLC0415  botocore takes its time
    from access_broker.doctor.aws.gather import GATHERERS  # noqa: PLC0415
    from access_broker.doctor.examine import Facts, examine, exit_code  # noqa: PLC0415
    from access_broker.doctor.report import as_document, show  # noqa: PLC0415
    from access_broker.http.signing import aws_session  # noqa: PLC0415

    settings, output = connection.settings, connection.output
    with output.working("Examining the deployment") as say:
        session = aws_session(settings.profile)
        broker = connection.broker
        patient = Deployment(settings.url, broker, session, broker.signer.region, stack, canary, package, say)
        facts = Facts({name: functools.partial(gather, patient) for name, gather in GATHERERS.items()})
        found = examine(facts, lambda check: say(f"{check.topic}: {check.asks}"))
    output.show(as_document(found), lambda: show(found, output))
    raise typer.Exit(exit_code(found))
