"""Everything that a command needs of the outside: a broker to talk to and somewhere to print."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from access_broker.output.printer import Output
from access_broker.settings import Settings, find_settings

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
    def broker(self) -> Broker:
        """The broker, as the caller that the settings name."""
        # botocore takes a third of a second to import: kept credentials are printed without it.
        from access_broker.http.broker import Broker  # noqa: PLC0415
        from access_broker.http.signing import aws_session, find_signer  # noqa: PLC0415
        from access_broker.http.transport import Transport  # noqa: PLC0415

        session = aws_session(self.settings.profile)
        signer = find_signer(session, self.settings)
        transport = Transport(self.settings.url, session.get_config_variable("ca_bundle"))
        return Broker(self.settings.url, signer, transport, self.output.notice, self.output.patience)

    def sign_in_again(self) -> None:
        """Read the caller's own credentials anew: another program may have refreshed or replaced them."""
        self.__dict__.pop("broker", None)
