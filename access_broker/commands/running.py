"""Programs that run as a role: one at a time, or whoever has the endpoint's token."""

import dataclasses
import os
import sys
from typing import Annotated

import typer

from access_broker.aws_files.settings_without_identity import file_variables
from access_broker.commands.credentials import BreakGlass, Fresh, NoWait, issuing
from access_broker.credentials import run_program
from access_broker.credentials.endpoint import Endpoint, renewing
from access_broker.credentials.identity_variables import identity_variables
from access_broker.credentials.shells import Shell, assignments
from access_broker.failures import Misused
from access_broker.frame.connection import Connection, connect
from access_broker.frame.option_groups import composed
from access_broker.frame.role_options import RoleAsk, ask_for
from access_broker.storage.vault import cache_directory

app = typer.Typer(rich_markup_mode=None)


@app.command("exec")
@composed(connection=connect, ask=ask_for)
def execute(
    connection: Connection,
    ask: RoleAsk,
    *,
    command: Annotated[list[str], typer.Argument(help="After --: the program and its arguments.")],
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Renew the credentials while the program runs (AWS SDKs and CLI only).")
    ] = False,
    fresh: Fresh = False,
    break_glass: BreakGlass = False,
    no_wait: NoWait = False,
) -> None:
    """Run a program with a role's credentials. They are in its environment and nowhere else.

    The program's exit code is the command's; signals reach the program.
    Credentials in an environment last an hour: for longer work use --refresh.

    \b
    Examples:
      broker exec ec2-full -- aws ec2 describe-instances
      broker exec prod-ec2 --for 8h --reason "migration" --refresh -- ./migrate.sh
    """  # noqa: D301  \b keeps the lines of the examples apart
    took, ask = issuing(connection), dataclasses.replace(ask, break_glass=break_glass)
    credentials = took.take(ask, fresh=fresh, wait=not no_wait)
    surroundings = person_surroundings(connection)
    files = files_without_identity(connection)
    if not refresh:
        ask.remark_if_cut(connection.output)
        given = {**files, **credentials.environment()}
        run_program.become(command, run_program.environment(os.environ, surroundings, given))
    with renewing(Endpoint(lambda: took.kept_or_new(ask), credentials)) as endpoint:
        given = {**files, **endpoint.variables()}
        raise typer.Exit(run_program.attend(command, run_program.environment(os.environ, surroundings, given)))


@app.command()
@composed(connection=connect, ask=ask_for)
def serve(
    connection: Connection,
    ask: RoleAsk,
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="A fixed port; 0 takes a free one.")] = 0,
    shell: Annotated[Shell, typer.Option("--format", help="What the printed lines are for.")] = Shell.SH,
    fresh: Fresh = False,
    no_wait: NoWait = False,
) -> None:
    """Serve a role's credentials on loopback. They are renewed before they end; Ctrl-C ends it.

    Prints the variables that AWS SDKs and the AWS CLI need. A program that
    has the token has the role: do not pass it on.

    \b
    Examples:
      broker serve ec2-full --port 9911 > /tmp/role.env &
      broker serve ec2-full --format powershell
    """  # noqa: D301  \b keeps the lines of the examples apart
    took = issuing(connection)
    credentials = took.take(ask, fresh=fresh, wait=not no_wait)
    try:
        endpoint = Endpoint(lambda: took.kept_or_new(ask), credentials, port, connection.output.notice)
    except OSError as error:
        raise Misused(f"Port {port} cannot be used ({error.strerror}): choose another or leave --port out.") from error
    variables = {**endpoint.variables(), **files_without_identity(connection)}
    in_the_way = identity_variables(os.environ)
    connection.output.show(variables, lambda: print(assignments(shell, variables, in_the_way)))
    sys.stdout.flush()  # a pipe would keep it until the end, which does not come
    connection.output.notice(f"Serving {ask.role} until Ctrl-C.")
    try:
        endpoint.serve()
    finally:
        endpoint.close()


def person_surroundings(connection: Connection) -> dict[str, str]:
    """What the caller's profile says beside keys: it must survive the removal of AWS_PROFILE."""
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
