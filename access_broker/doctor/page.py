"""The table of docs/doctor.md: `python -m access_broker.doctor.page` prints it."""

from __future__ import annotations

from access_broker.doctor.examine import in_order

HEADS = ("| Check | Asks whether | Why | If not |", "|---|---|---|---|")


def table() -> str:
    """A Markdown row for each check."""
    rows = [f"| `{one.name}` | {one.asks} | {one.why} | {one.do} |" for one in in_order()]
    return "\n".join([*HEADS, *rows])


if __name__ == "__main__":
    print(table())
