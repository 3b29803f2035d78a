"""The entry point: finds the command, runs it, and turns every failure into a sentence and an exit code."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING

from access_broker import __version__
from access_broker.failures import INTERRUPTED, Failure
from access_broker.output.printer import Output, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from access_broker.command_line.parse import Call
    from access_broker.connection import Connection


def main() -> None:
    """Run the command line; never show a traceback: its lines may stand next to secrets."""
    _never_fail_to_print()
    try:
        sys.exit(run(sys.argv[1:]))
    except Failure as failure:
        _say(failure.sentence, failure.fields)
        sys.exit(failure.exit_code)
    except KeyboardInterrupt as interrupted:
        _say(str(interrupted) or "Interrupted.")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _leave_quietly()
    except OSError as error:
        _say(_system_trouble(error))
        sys.exit(Failure.exit_code)
    except Exception as error:  # noqa: BLE001  the last line of defence says the type and the place only
        _say(f"Something broke in broker itself ({_place(error)}): please report that with the command you ran.")
        sys.exit(Failure.exit_code)


def run(words: list[str]) -> int:
    """Run one command line; its exit code."""
    if words == ["--version"]:
        print(f"broker {__version__}")
        return 0
    from access_broker.command_line.parse import parse  # noqa: PLC0415  --version does without

    call = parse(words)
    if call.help:
        return _help(call)
    if call.command is None:
        return _without_command(call)
    return call.command.run(_connection(call), call.given) or 0


def _without_command(call: Call) -> int:
    """`broker` alone: what I have now, on a terminal that knows a broker; the help elsewhere."""
    if call.given.flag("version"):
        from access_broker.commands.version import version  # noqa: PLC0415  few ask

        return version(_connection(call))
    from access_broker.commands.status import at_a_glance, may_show  # noqa: PLC0415  as above

    connection = _connection(call)
    if may_show(connection):
        return at_a_glance(connection, call.given)
    return _help(call)


def _help(call: Call) -> int:
    from access_broker.command_line import usage  # noqa: PLC0415  as above

    print(usage.page(call.name, call.command) if call.name else usage.overview())
    return 0


def _connection(call: Call) -> Connection:
    from access_broker import connection  # noqa: PLC0415  as above

    given = call.given
    return connection.Connection(
        Output(given.flag("json")),
        given.text("url"),
        given.text("profile"),
        given.text("region"),
        given.text("mfa_code"),
    )


def _never_fail_to_print() -> None:
    """A reason in Japanese must not break a command on a terminal that knows ASCII only."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _say(sentence: str, fields: Mapping[str, str] | None = None) -> None:
    print(f"broker: {printable(sentence)}", file=sys.stderr)
    if fields:
        from access_broker.output.fields import labelled, with_example  # noqa: PLC0415  most failures have none

        for name, expected in fields.items():
            print(printable(f"  {labelled(name)}: {with_example(name, expected)}"), file=sys.stderr)


def _leave_quietly() -> None:
    """The reader of a pipe has gone: what is left to print goes nowhere (Python's documentation of SIGPIPE)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(Failure.exit_code)


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" in {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""  # noqa: PTH119
    return f"{type(error).__name__}{where}"


def _system_trouble(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    advice = {
        errno.ENOSPC: "free some space and try again",
        errno.EDQUOT: "free some space and try again",
        errno.EFBIG: "raise the limit on file sizes (ulimit -f) and try again",
        errno.EACCES: "change its permissions or run as its owner",
        errno.EPERM: "change its permissions or run as its owner",
        errno.EROFS: "choose a place that can be written",
    }.get(error.errno or 0, "mend that and try again")
    return f"{place}{error.strerror or type(error).__name__}: {advice}."
