"""Others on this computer, and other pages: the token, the cookie, and many tries get them nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import pytest

from access_broker.portal import peers
from tests.serving import serving
from tests.unit.access_broker.portal.conftest import Browser


def test_the_token_works_once(stranger_browser):
    token = stranger_browser.portal.gate.token
    first, second = stranger_browser.sign_in(token), stranger_browser.sign_in(token)
    assert (first[0], second[0], second[1]["code"]) == (200, 401, "portal_ended")
    assert stranger_browser.portal.address.endswith("#token=")


def test_the_cookie_is_for_this_site_only_and_for_no_script(stranger_browser):
    _, _, headers = stranger_browser.sign_in()
    assert {part.strip() for part in headers["Set-Cookie"].split(";")[1:]} == {"Path=/", "HttpOnly", "SameSite=Strict"}


@pytest.mark.parametrize("token", ["", "wrong", "é", None, 7, ["a"]])
def test_no_other_token_opens(stranger_browser, token):
    status, document, headers = stranger_browser.ask("POST", "/portal/session", {"token": token})
    assert (status, document["code"]) == (401, "portal_ended")
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize("body", ["[]", "no json", "[" * 60_000])
def test_odd_bodies_open_nothing(stranger_browser, body):
    assert stranger_browser.ask("POST", "/portal/session", body)[0] == 401


# Another user of this computer


@pytest.mark.skipif(not peers.TABLES[0].exists(), reason="only Linux tells whose a connection is")
@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can act as another user")
@pytest.mark.parametrize("family", ["4", "6"])
def test_another_user_of_the_computer_is_not_even_heard(stranger_browser, family, monkeypatch):
    monkeypatch.setattr(peers, "ROOT", -1)
    script = (
        "import os, socket, sys; os.setuid(65534)\n"
        "family, host = {'4': (socket.AF_INET, '127.0.0.1'), '6': (socket.AF_INET6, '::ffff:127.0.0.1')}[sys.argv[2]]\n"
        "s = socket.socket(family); s.connect((host, int(sys.argv[1])))\n"
        "try:\n s.sendall(b'GET / HTTP/1.0\\r\\nHost: 127.0.0.1:' + sys.argv[1].encode() + b'\\r\\n\\r\\n')\n"
        " print(len(s.recv(10)))\nexcept ConnectionError:\n print(0)\n"
    )
    command = [sys.executable, "-c", script, str(stranger_browser.portal.server_port), family]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout == "0\n"
    assert stranger_browser.ask("GET", "/")[0] == 200


def test_without_the_systems_word_the_token_decides(tmp_path):
    (tmp_path / "odd").write_bytes(b"\xff")
    assert not peers.stranger(1, 2, [tmp_path / "none", tmp_path / "odd"])


def test_a_flood_of_half_requests_does_not_keep_the_page_away(browser):
    idle = [socket.create_connection(("127.0.0.1", browser.portal.server_port)) for _ in range(100)]
    try:
        assert browser.ask("GET", "/v1/whoami")[0] == 200
    finally:
        for one in idle:
            one.close()


def test_many_guesses_do_not_use_up_the_token(stranger_browser):
    guesses = [threading.Thread(target=stranger_browser.sign_in, args=("guess",)) for _ in range(20)]
    for one in guesses:
        one.start()
    for one in guesses:
        one.join()
    assert stranger_browser.sign_in()[0] == 200


def test_two_portals_do_not_admit_each_others_browsers(browser, server):
    other = Browser(type(browser.portal)(browser.portal.relay), browser.cookie, browser.key)
    with serving(other.portal):
        assert other.ask("GET", "/v1/whoami")[0] == 401
