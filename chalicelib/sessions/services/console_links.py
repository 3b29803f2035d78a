"""Console sign-in: a session like any other, turned into a link that works for fifteen minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.core.domain.roles import switch_role_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from chalicelib.access.services.catalogue import Catalogue
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.sessions import Credentials, Session
    from chalicelib.core.domain.times import Clock
    from chalicelib.sessions.domain.issuance import CredentialsAsk
    from chalicelib.sessions.services.issue import SessionIssuer

    class SignInEndpoint(Protocol):
        """AWS's federation endpoint."""

        def link(self, credentials: Credentials, destination: str) -> str:
            """The sign-in URL, a secret; AwsUnavailable or RefusedByAws."""
            ...


LINK_LIVES = timedelta(minutes=15)
"""A sign-in token is valid for 15 minutes (IAM user guide, "custom identity broker access to the console")."""


@dataclass(frozen=True, slots=True)
class ConsoleLink:
    """The answer. Any holder of `sign_in_url` is signed in, so `repr` leaves it out."""

    session: Session
    sign_in_url_expires_at: datetime
    switch_role_url: str | None
    sign_in_url: str = ""

    def __repr__(self) -> str:
        """Without the link."""
        return f"ConsoleLink({self.session.id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLinks:
    """The service behind POST /v1/console-links."""

    session_issuer: SessionIssuer
    catalogue: Catalogue
    sign_in: SignInEndpoint
    clock: Clock

    def open(
        self, wanted: CredentialsAsk, destination: str, origin: Origin, confirm: Callable[[], object]
    ) -> ConsoleLink:
        """Issue a session for the console and exchange it; `confirm` and errors as issuing has them.

        The credentials themselves never leave: the console session lasts as
        long as they do, since they come from role chaining.
        """
        session, credentials = self.session_issuer.issue(wanted, origin, confirm)
        url = self.sign_in.link(credentials, destination)
        role = self.catalogue.get(session.role)
        return ConsoleLink(session, self.clock() + LINK_LIVES, switch_role_url(role) if role else None, url)
