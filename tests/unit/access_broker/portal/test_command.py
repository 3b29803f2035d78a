"""`broker portal` as a process: its address, its words, its end."""

from __future__ import annotations

import http.client
import json
import signal
import socket
from urllib.parse import urlsplit


def test_it_prints_its_address_serves_the_page_and_ends_on_ctrl_c(alice):
    with alice.spawn("portal", "--no-open") as process:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().strip())
        connection = http.client.HTTPConnection(address.netloc, timeout=20)
        connection.request("GET", "/")
        answer = connection.getresponse()
        page = answer.read().decode()
        connection.close()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert address.hostname == "127.0.0.1"
    assert address.fragment.startswith("token=")
    assert answer.status == 200
    assert "<script" in page
    assert (process.returncode, out) == (130, "")
    assert "has ended" in err


def test_json_has_the_address(alice):
    with alice.spawn("portal", "--json") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.terminate()
        process.communicate(timeout=20)
    assert json.loads("".join(lines))["url"].startswith("http://127.0.0.1:")


def test_a_port_in_use_is_named(alice):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = alice.finish("portal", "--no-open", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "--port" in done.stderr


def test_without_keys_no_browser_opens(alice):
    done = alice.finish("portal", "--profile", "absent")
    assert done.returncode == 6
