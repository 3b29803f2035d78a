"""Programs that run as a role: one at a time, or any that has the endpoint's token."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from access_broker.aws_files.settings_without_identity import file_variables
from access_broker.command_line.options import ASKING, BREAK_GLASS, FRESH, NO_WAIT, ROLE, port
from access_broker.command_line.spec import Argument, Command, Option
from access_broker.commands.credentials import issuing
from access_broker.credentials import run_program
from access_broker.credentials.endpoint import Endpoint, renewing
from access_broker.credentials.identity_variables import identity_variables
from access_broker.credentials.role_ask import ask_of
from access_broker.credentials.shells import SHELLS, assignments
from access_broker.failures import Misused
from access_broker.storage.vault import cache_directory

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection


def execute(connection: Connection, given: Given) -> int:
    """Run the program with the role's keys, or beside us with an endpoint."""
    took, ask = issuing(connection), ask_of(given)
    credentials = took.take(ask, fresh=given.flag("fresh"), wait=not given.flag("no_wait"))
    command, surroundings = given.texts("command"), person_surroundings(connection)
    files = files_without_identity(connection)
    if not given.flag("refresh"):
        ask.remark_if_cut(connection.output)
        with_keys = {**files, **credentials.environment()}
        run_program.become(command, run_program.environment(os.environ, surroundings, with_keys))
    with renewing(Endpoint(lambda: took.kept_or_new(ask), credentials)) as endpoint:
        with_endpoint = {**files, **endpoint.variables()}
        return run_program.attend(command, run_program.environment(os.environ, surroundings, with_endpoint))


def serve(connection: Connection, given: Given) -> None:
    """Serve the role's credentials until Ctrl-C."""
    took, ask = issuing(connection), ask_of(given)
    credentials = took.take(ask, fresh=given.flag("fresh"), wait=not given.flag("no_wait"))
    connection.asks = False  # from here on, programs ask
    wanted = given.number("port") or 0
    try:
        endpoint = Endpoint(lambda: took.kept_or_new(ask), credentials, wanted, connection.output.notice)
    except OSError as error:
        raise Misused(
            f"Port {wanted} cannot be used ({error.strerror}): choose another or leave --port out."
        ) from error
    variables = {**endpoint.variables(), **files_without_identity(connection)}
    lines = assignments(given.word("format"), variables, identity_variables(os.environ))
    try:
        connection.output.show(variables, lambda: print(lines))
        sys.stdout.flush()  # a pipe would keep it until the end, which does not come
        connection.output.notice(f"Serving {ask.role} until Ctrl-C.")
        endpoint.serve()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Stopped serving {ask.role}. The session itself lasts until its end: `broker revoke {credentials.session}`"
            " ends it now."
        ) from None
    finally:
        endpoint.close()


def person_surroundings(connection: Connection) -> dict[str, str]:
    """The region and endpoint of the caller's profile: they must survive the removal of AWS_PROFILE."""
    from access_broker.http.signing import aws_session  # noqa: PLC0415  botocore is slow to import

    session = aws_session(connection.settings.profile)
    region = session.get_config_variable("region")
    endpoint = session.get_scoped_config().get("endpoint_url")
    said = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_ENDPOINT_URL": endpoint}
    return {name: str(value) for name, value in said.items() if value}


def files_without_identity(connection: Connection) -> dict[str, str]:
    """Variables that lead a program to the settings of the caller's profile and to no credentials."""
    from access_broker.http.signing import aws_session  # noqa: PLC0415  as above

    profile = str(aws_session(connection.settings.profile).get_config_variable("profile") or "default")
    return file_variables(os.environ, profile, cache_directory(os.environ))


COMMANDS = {
    "exec": Command(
        execute,
        "Run a program with a role's credentials.",
        (
            ROLE,
            Argument("COMMAND", "The program and its arguments: all words from here on are the program's.", rest=True),
            Option("--refresh", "Renew the credentials while the program runs (AWS SDKs and CLI only)."),
            *ASKING,
            FRESH,
            BREAK_GLASS,
            NO_WAIT,
        ),
        more="They are in its environment and nowhere else, and it sees none of your own. Its exit code is the "
        "command's; signals reach it. Options of `broker` stand before the program.\n\nCredentials in an environment "
        "last an hour: for longer work use --refresh.",
        examples=(
            "broker exec ec2-full -- aws ec2 describe-instances",
            'broker exec prod-ec2 --for 8h --reason "migration" --refresh -- ./migrate.sh',
        ),
    ),
    "serve": Command(
        serve,
        "Serve a role's credentials on loopback until Ctrl-C; they are renewed before they end.",
        (
            ROLE,
            Option("--port", "A fixed port; 0 takes a free one. [0]", "PORT", port, usual=0),
            Option("--format", "The form of the printed lines.", "FORMAT", usual="sh", choices=SHELLS),
            *ASKING,
            FRESH,
            NO_WAIT,
        ),
        more="Prints the variables that AWS SDKs and the AWS CLI need. A program that has the token has the role: do "
        "not pass it on.",
        examples=(
            "broker serve ec2-full --port 9911 > /tmp/role.env &",
            "broker serve ec2-full --format powershell",
        ),
    ),
}
