"""`broker console`: a URL that is as good as a password for fifteen minutes."""

import http.client
import socket
import threading
from urllib.parse import urlsplit

import pytest

from access_broker.output.browser import open_once

SECRET_URL = "https://signin.aws.amazon.com/federation?Action=login&SigninToken=CANARY"


@pytest.fixture(autouse=True)
def link(contract):
    contract.answers["POST", "/api/v1/console-links"] = {
        "session": {"id": "s1"},
        "sign_in_url": SECRET_URL,
        "sign_in_url_expires_at": "2026-01-31T09:15:00Z",
        "switch_role_url": "https://signin.aws.amazon.com/switchrole?x",
    }


def test_the_url_alone_is_on_stdout(alice, contract):
    done = alice.run("console", "ec2-full", "--destination", "https://console.aws.amazon.com/ec2")
    assert done.stdout == SECRET_URL + "\n"
    assert "09:15:00 UTC" in done.stderr
    assert "switchrole" in done.stderr
    assert "SigninToken" not in done.stderr
    assert contract.posted("/api/v1/console-links")[0]["destination"] == "https://console.aws.amazon.com/ec2"


def test_where_no_browser_opens_it_says_so_without_the_url(alice):
    done = alice.finish("console", "ec2-full", "--open", BROWSER="/bin/false", DISPLAY=None)
    assert done.returncode == 1
    assert "without --open" in done.stderr
    assert "SigninToken" not in done.stdout + done.stderr


def follow(address: str, path: str = "") -> tuple[int, str | None]:
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.netloc, timeout=10)
    connection.request("GET", path or where.path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheader("Location")


def test_the_browser_is_given_a_loopback_address_that_leads_there_once():
    seen: list[str] = []
    followed: list[tuple[int, str | None]] = []
    browsers: list[threading.Thread] = []

    def browse(address: str) -> bool:
        seen.append(address)
        browser = threading.Thread(target=lambda: followed.extend([follow(address, "/favicon.ico"), follow(address)]))
        browsers.append(browser)
        browser.start()
        return True

    assert open_once(SECRET_URL, browse)
    browsers[0].join()
    assert seen[0].startswith("http://127.0.0.1:")
    assert "SigninToken" not in seen[0]
    assert followed == [(404, None), (302, SECRET_URL)]
    with pytest.raises(ConnectionRefusedError):
        follow(seen[0])


def test_a_browser_that_stays_in_the_foreground_is_let_in():
    followed: list[tuple[int, str | None]] = []

    def browse(address: str) -> bool:
        followed.append(follow(address))
        return True

    assert open_once(SECRET_URL, browse)
    assert followed == [(302, SECRET_URL)]


def test_a_connection_opened_ahead_does_not_keep_the_browser_waiting():
    followed: list[tuple[int, str | None]] = []

    def browse(address: str) -> bool:
        where = urlsplit(address)
        with socket.create_connection((where.hostname, where.port)):
            followed.append(follow(address))
        return True

    assert open_once(SECRET_URL, browse)
    assert followed == [(302, SECRET_URL)]
