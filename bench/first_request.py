"""One cold start, as Lambda does it: import a handler from the tree, answer one event.

Run in a bare interpreter: `python -I -S -B first_request.py TREE HANDLER EVENT_FILE`.
Nothing but the tree and the standard library can be imported. With `boto3` as
the handler it makes boto3's STS client instead: the unit everything is told in.
"""

import sys

TREE, HANDLER, EVENT_FILE = sys.argv[1:]


class Context:
    """The members of Lambda's context object that are read."""

    function_name = "bench"
    aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        """Plenty."""
        return 30_000


def first_answer() -> object:
    """Import the handler and call it."""
    module, _, name = HANDLER.rpartition(".")
    __import__(module)
    handler = getattr(sys.modules[module], name)
    # The runtime has json loaded before it touches a handler.
    import json  # noqa: PLC0415

    with open(EVENT_FILE, encoding="utf-8") as file:  # noqa: PTH123  pathlib is for the handler to import, or not
        event = json.load(file)
    return handler(event, Context())


def bare_client() -> str:
    """The cost of an AWS command before it does anything."""
    import boto3  # noqa: PLC0415

    return str(boto3.client("sts"))


def peak_memory_kb() -> int:
    """The kernel's own high-water mark (rusage would count the parent's pages, too)."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


sys.path.insert(0, TREE)
answer = bare_client() if HANDLER == "boto3" else first_answer()
modules, memory = len(sys.modules), peak_memory_kb()

import json  # noqa: E402

print(json.dumps({"answer": answer, "modules": modules, "memory_kb": memory}))
