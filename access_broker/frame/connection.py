"""What every command is given: a broker to talk to and somewhere to print; and the options that say which."""

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from access_broker.failures import Misused
from access_broker.frame.option_groups import composed
from access_broker.frame.settings import Settings, find_settings
from access_broker.output.printer import Output

if TYPE_CHECKING:
    from access_broker.http.broker import Broker


@dataclass
class Connection:
    """One command's view of one broker. Nothing is read before `settings`, nothing sent before `broker` is used."""

    output: Output = field(default_factory=Output)
    url: str | None = None
    profile: str | None = None
    region: str | None = None

    @functools.cached_property
    def settings(self) -> Settings:
        """Which broker and which caller; Misused where that is not known."""
        return find_settings(self.url, self.profile, self.region)

    @functools.cached_property
    def broker(self) -> "Broker":
        """The broker, as the caller the settings name."""
        # botocore takes a third of a second to import: cached credentials are printed without it.
        from access_broker.http.broker import Broker  # noqa: PLC0415
        from access_broker.http.signing import aws_session, find_signer  # noqa: PLC0415
        from access_broker.http.transport import Transport  # noqa: PLC0415

        session = aws_session(self.settings.profile)
        signer = find_signer(session, self.settings)
        transport = Transport(self.settings.url, session.get_config_variable("ca_bundle"))
        return Broker(self.settings.url, signer, transport, self.output.notice)


Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="The broker's address (or BROKER_URL).")]
Profile = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="The AWS profile that signs.")]
Region = Annotated[str | None, typer.Option("--region", metavar="REGION", help="Where the broker runs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]


def connect(*, url: Url = None, profile: Profile = None, region: Region = None, as_json: AsJson = False) -> Connection:
    """The options every command has."""
    return Connection(Output(as_json), url, profile, region)


connected = composed(connection=connect)
"""A command that takes a `connection`: --url, --profile, --region and --json are its options."""


def only_subcommand(context: typer.Context) -> bool:
    """Whether a command of the group runs instead; Misused where options before its name would be lost."""
    command = context.invoked_subcommand
    if not command:
        return False
    given = [one.opts[0] for one in context.command.params if _given(context, one.name or "")]
    if given:
        raise Misused(
            f"{given[0]} before {command} would be lost: write `{context.command_path} {command} {given[0]} …`."
        )
    return True


def _given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
