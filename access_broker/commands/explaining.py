"""Why, or why not: every layer that decides, in order."""

from typing import Annotated, Any

import typer

from access_broker.frame.connection import Connection, connect
from access_broker.frame.option_groups import composed
from access_broker.frame.role_options import RoleAsk, ask_for

app = typer.Typer(rich_markup_mode=None)

COLUMNS = ("layer", "verdict", "decided by", "detail")


@app.command()
@composed(connection=connect, ask=ask_for)
def explain(
    connection: Connection,
    ask: RoleAsk,
    *,
    caller: Annotated[str | None, typer.Option("--caller", help="Somebody else; needs the right to ask.")] = None,
    operation: Annotated[
        str | None, typer.Option("--operation", metavar="ACTION", help="What for, such as ec2:RunInstances.")
    ] = None,
) -> None:
    """Say what decides about a role. Every layer in order, and the smallest change that would open it.

    \b
    Examples:
      broker explain prod-ec2
      broker explain ec2-full --caller carol --operation s3:ListAllMyBuckets
    """  # noqa: D301  \b keeps the lines of the examples apart
    body = {**ask.body(), "caller": caller, "operation": operation}
    found = connection.broker.post("explain", body=body)
    ask.remark_if_cut(connection.output)
    connection.output.show(found, lambda: _print(connection, found, operation))


def _print(connection: Connection, found: dict[str, Any], operation: str | None) -> None:
    may = "may" if found["allowed"] else "may not"
    use = f"call {operation} with" if operation else "take"
    connection.output.line(f"{found['caller']} {may} {use} {found['role']}.")
    rows = [
        [layer["layer"], layer["verdict"].replace("_", " "), layer["by"], layer["detail"]] for layer in found["layers"]
    ]
    connection.output.table(COLUMNS, rows, "No layer decided.")
    if found.get("change"):
        connection.output.line(f"To open it: {found['change']}")
