"""Everything that a command needs of the outside: a broker to talk to and somewhere to print."""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from access_broker.output.printer import Output
from access_broker.settings import Settings, find_settings

if TYPE_CHECKING:
    from access_broker.http.broker import Broker
    from access_broker.storage.vault import Vault


@dataclass
class Connection:
    """One command's view of one broker. Nothing is read before `settings`, nothing sent before `broker` is used."""

    output: Output = field(default_factory=Output)
    url: str | None = None
    profile: str | None = None
    region: str | None = None
    mfa_code: str | None = field(default=None, repr=False)
    asks: bool = True
    """False where no person is to be asked for a code: under credential_process, in a server."""

    @functools.cached_property
    def settings(self) -> Settings:
        """Which broker and which caller; Misused where that is not known."""
        return find_settings(self.url, self.profile, self.region)

    @functools.cached_property
    def broker(self) -> Broker:
        """The broker, as the caller that the settings name."""
        # botocore takes a third of a second to import: kept credentials are printed without it.
        from access_broker.http.broker import Broker  # noqa: PLC0415
        from access_broker.http.second_factor import SecondFactor, ask_at_the_terminal  # noqa: PLC0415  as above
        from access_broker.http.signing import aws_session, find_signer  # noqa: PLC0415
        from access_broker.http.transport import Transport  # noqa: PLC0415

        session = aws_session(self.settings.profile)
        signer = find_signer(session, self.settings)
        transport = Transport(self.settings.url, session.get_config_variable("ca_bundle"))
        at_a_terminal = sys.stdin.isatty() and sys.stderr.isatty()
        factor = SecondFactor(
            session,
            signer,
            self._vault,
            self.mfa_code,
            lambda question: ask_at_the_terminal(question) if at_a_terminal and self.asks else "",
        )
        notice, patience = self.output.notice, self.output.patience
        return Broker(self.settings.url, signer, transport, notice, patience, second_factor=factor)

    def _vault(self) -> Vault:
        from access_broker.storage.vault import open_vault  # noqa: PLC0415  only a second factor is kept

        return open_vault(os.environ, self.output.notice)

    def sign_in_again(self) -> None:
        """Read the caller's own credentials anew: another program may have refreshed or replaced them."""
        self.__dict__.pop("broker", None)
