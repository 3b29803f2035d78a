"""The portal: the broker in a browser, as the caller, from this computer."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from access_broker.command_line.options import port
from access_broker.command_line.spec import Command, Option
from access_broker.failures import Misused

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection
    from access_broker.portal.server import Portal


def portal(connection: Connection, given: Given) -> None:
    """Serve the page until Ctrl-C."""
    server = _listening(connection, given.number("port") or 0)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        _open(connection, server, given.flag("no_open"))
        serving.join()
    except KeyboardInterrupt:
        raise KeyboardInterrupt("The portal has ended. Sessions that you took last until their end.") from None
    finally:
        server.shutdown()
        server.server_close()


def _listening(connection: Connection, wanted: int) -> Portal:
    from access_broker.portal.relay import Relay  # noqa: PLC0415  botocore is slow to import, and help comes first
    from access_broker.portal.server import Portal  # noqa: PLC0415  as above

    _ = connection.broker.signer  # a missing address or sign-in is told here, before a browser opens
    try:
        return Portal(Relay(connection), wanted)
    except OSError as error:
        raise Misused(
            f"Port {wanted} cannot be used ({error.strerror}): choose another or leave --port out."
        ) from error


def _open(connection: Connection, server: Portal, no_open: bool) -> None:
    from access_broker.output.browser import open_once  # noqa: PLC0415  as above

    if no_open or connection.output.as_json or not open_once(server.address):
        connection.output.show({"url": server.address}, lambda: print(server.address))
        sys.stdout.flush()  # a pipe would keep it until the end, which does not come
        connection.output.notice("Open it once, in your own browser: it signs in the first one that does.")
    connection.output.notice("The portal runs until Ctrl-C.")


COMMANDS = {
    "portal": Command(
        portal,
        "Open the broker in the browser: ask, approve, look and revoke. It runs until Ctrl-C.",
        (
            Option("--port", "A fixed port; 0 takes a free one. [0]", "PORT", port, usual=0),
            Option("--no-open", "Print the address instead of opening the browser."),
        ),
        more="The page comes from this computer, on loopback, and everything it asks is signed with your own AWS "
        "credentials, which never reach the browser. Nothing is deployed for it.",
        examples=("broker portal", "broker portal --no-open --port 8321"),
    )
}
