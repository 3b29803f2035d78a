"""A canned AWS in a process of its own: fixed answers over HTTP, at once or after a delay.

Run as `python -m bench.canned_aws DELAYS`: prints its port, serves until its
standard input closes. DELAYS is JSON: milliseconds by service, "" for the others;
`directory_age` in seconds and `directory_changes` from one listing to the next.
It checks nothing: what is measured is the caller.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from urllib.parse import parse_qs

from bench.canned_answers import answer_to, directory

HEADERS_END = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """One keep-alive connection: a whole request in, its canned answer out."""

    def __init__(self, delays: dict[str, float]) -> None:
        self._delays, self._received = delays, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  TCP, as create_server makes it
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the body is complete. Pipelining is not supported."""
        self._received += data
        head, complete, body = self._received.partition(HEADERS_END)
        if not complete:
            return
        headers = _headers(head)
        if len(body) < int(headers.get("content-length", "0")):
            return
        self._received = b""
        operation = _operation(head, headers, body)
        delay = self._delays.get(_service(operation, headers), self._delays[""])
        asyncio.get_running_loop().call_later(delay / 1000, self._transport.write, response(operation, body))


def response(operation: str, body: bytes) -> bytes:
    """The whole HTTP response to an operation."""
    status, kind, content = answer_to(operation, body)
    head = f"HTTP/1.1 {status} Canned\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _operation(head: bytes, headers: dict[str, str], body: bytes) -> str:
    """AWS JSON names it in a header, the query protocol in the body, REST in the path."""
    if "x-amz-target" in headers:
        return headers["x-amz-target"].rpartition(".")[2]
    if b"Action=" in body:
        return parse_qs(body.decode())["Action"][0]
    return head.split(b" ", 2)[1].decode()


def _service(operation: str, headers: dict[str, str]) -> str:
    if headers.get("x-amz-target", "").startswith("DynamoDB"):
        return "dynamodb"
    return "sts" if operation == "AssumeRole" else "iam"


async def serve(delays: dict[str, float]) -> None:
    """Serve on a free port until standard input closes."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(delays), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    directory.age = timedelta(seconds=told.pop("directory_age", 0))
    directory.changes = int(told.pop("directory_changes", 0))
    asyncio.run(serve(told))
