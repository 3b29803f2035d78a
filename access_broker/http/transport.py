"""HTTP through botocore's own session: proxies and CA bundle as every AWS tool takes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from access_broker.failures import Misused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.awsrequest import AWSPreparedRequest

CONNECT_SECONDS = 5
READ_SECONDS = 35
"""API Gateway answers within 29 seconds or gives up (its integration timeout)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. The body may hold credentials."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Transport:
    """One connection pool. Never follows redirects: a signature fits one address only."""

    def __init__(self, url: str, ca_bundle: str | None = None) -> None:
        if ca_bundle and not Path(ca_bundle).exists():
            raise Misused(f"AWS_CA_BUNDLE (or ca_bundle in your profile) names {ca_bundle}, which does not exist.")
        # The stubs know neither a path for `verify` nor a pair for `timeout`; botocore's clients pass both.
        options: dict[str, Any] = {"verify": ca_bundle or True, "timeout": (CONNECT_SECONDS, READ_SECONDS)}
        self._http = URLLib3Session(proxies=get_environ_proxies(url), **options)

    def fetch(self, url: str) -> Answer:
        """A public document, without a signature."""
        return self.send(AWSRequest("GET", url, headers={"Accept": "application/json"}).prepare())

    def send(self, request: AWSPreparedRequest) -> Answer:
        """The answer, whatever its status; Unavailable where there was none."""
        try:
            response = self._http.send(request)
        except (HTTPClientError, EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError, SSLError) as error:
            raise Unavailable(_no_answer(error, urlsplit(request.url).netloc)) from error
        return Answer(response.status_code, response.headers, response.content)


def _no_answer(error: Exception, host: str) -> str:
    match error:
        case ProxyConnectionError():
            return f"The proxy did not let us through to {host}: check HTTPS_PROXY, HTTP_PROXY and NO_PROXY."
        case SSLError():
            return (
                f"The TLS certificate of {host} is not trusted here: "
                "behind an inspecting proxy, set AWS_CA_BUNDLE to its CA file."
            )
        case ConnectTimeoutError() | ReadTimeoutError():
            return f"{host} did not answer in time: check your network and proxy settings, then try again."
        case EndpointConnectionError():
            return f"Nothing answers at {host}: check the address (--url or BROKER_URL) and your network."
        case ConnectionClosedError():
            return f"{host} closed the connection without an answer: check that --url is the broker's, then try again."
        case _:
            return f"{host} could not be asked ({_cause(error)}): check --url, AWS_CA_BUNDLE and your network."


def _cause(error: Exception) -> str:
    """The innermost type only: a message may quote headers."""
    return type(error.__context__ or error).__name__
