"""`python -m localaws up|down|status|demo|package|mfa-code`: most of them are called by the Makefile."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_package import Target, of_this_machine
from localaws import broker, control, mfa, packaging, shell
from localaws.failures import LocalAwsError, NoSuchPort

if TYPE_CHECKING:
    from types import FrameType

DEFAULT_PORT = 4566
PORTS = range(1, 65536)
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Answers 0 after success, 1 after an error, which is printed in one sentence."""
    options = _options(arguments)
    shell.forget_account(os.environ)
    shell.reach_loopback(os.environ)
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _interrupt)
    try:
        return int(options.run(options))
    except LocalAwsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: what this command started has ended", file=sys.stderr)
        return INTERRUPTED


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localaws", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start the embedded AWS with the broker deployed")
    up.add_argument("--port", type=int, default=DEFAULT_PORT)
    up.add_argument("--spokes", type=int, default=0, help="so many member accounts: dev, prod, spoke-3 and so on")
    up.set_defaults(run=_up)
    commands.add_parser("down", help="end what up started").set_defaults(run=_down)
    commands.add_parser("status", help="tell whether it runs").set_defaults(run=_status)
    commands.add_parser("demo", help="play the whole scenario on a private one").set_defaults(run=_demo)
    code = commands.add_parser("mfa-code", help="print the code that a person's MFA device shows now")
    code.add_argument("profile", help="admin, alice, bob or carol")
    code.set_defaults(run=_mfa_code)
    package = commands.add_parser("package", help="write sam.json and deployment.zip")
    package.add_argument("output", type=Path)
    package.add_argument("--stage", default="dev")
    package.add_argument("--architecture", choices=("x86_64", "arm64"))
    package.set_defaults(run=_package)
    return parser.parse_args(arguments)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """SIGTERM and SIGHUP end a command as Ctrl-C does. Its child processes end with it."""
    raise KeyboardInterrupt


def _tell(line: str) -> None:
    print(f"-> {line}", flush=True)


def _up(options: argparse.Namespace) -> int:
    if options.port not in PORTS:
        raise NoSuchPort(options.port)
    deployed = control.up(options.port, _tell, deploy=partial(broker.deploy, spokes=options.spokes))
    print(f"The broker answers at {deployed.broker_url}")
    for member in deployed.members:
        print(f"Member account {member.alias}: {member.id} in {member.ou_path}, profile {member.profile}")
    print("Use it: . .local/env && aws --profile alice sts get-caller-identity")
    print("End it: make down")
    return 0


def _down(_options: argparse.Namespace) -> int:
    control.down(_tell)
    return 0


def _status(_options: argparse.Namespace) -> int:
    return 0 if control.status(_tell) else 1


def _demo(_options: argparse.Namespace) -> int:
    from localaws import demo  # noqa: PLC0415  (loads what only the demo needs)

    return demo.play()


def _mfa_code(options: argparse.Namespace) -> int:
    print(mfa.code(control.PLACE, options.profile))
    return 0


def _package(options: argparse.Namespace) -> int:
    target = Target(options.architecture or of_this_machine().architecture)
    print(packaging.package(options.output.resolve(), options.stage, target))
    return 0


if __name__ == "__main__":
    sys.exit(main())
