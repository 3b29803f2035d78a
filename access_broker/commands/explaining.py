"""Every layer that decides about a role, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from access_broker.command_line.options import ASKING, ROLE, caller_name
from access_broker.command_line.spec import Command, Option
from access_broker.credentials.role_ask import ask_of
from access_broker.names import nearest_role
from access_broker.output.table import Column

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

COLUMNS = (
    Column("layer"),
    Column("verdict", state=True),
    Column("decided by", leaves=1),
    Column("detail", elastic=True, wraps=True),
)


def explain(connection: Connection, given: Given) -> None:
    """POST /v1/explain."""
    ask, operation = ask_of(given), given.text("operation")
    body = {**ask.body(), "caller": given.text("caller"), "operation": operation}
    if given.flag("mfa"):
        body["mfa"] = True
    with nearest_role(connection, ask.role):
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


COMMANDS = {
    "explain": Command(
        explain,
        "Explain which layers allow or refuse a role, and the smallest change that would open it.",
        (
            ROLE,
            Option("--caller", "For another caller; needs the right to ask.", "NAME", caller_name, names="caller"),
            Option("--operation", "For one AWS action, such as ec2:RunInstances.", "ACTION"),
            Option("--mfa", "As if MFA were proven; no code is asked for."),
            *ASKING,
        ),
        examples=(
            "broker explain prod-ec2",
            "broker explain prod-ec2 --mfa",
            "broker explain ec2-full --caller carol --operation s3:ListAllMyBuckets",
        ),
    )
}
