"""Ten minutes of the morning's rush, simulated: what docs/scale.md says of quotas, caches and cost.

`python -m bench.simulation` prints the table that the page holds. Seeded, so it
prints the same every time; a test compares it with the page.

What is modelled: callers ask at random (Poisson), for any role of theirs; a
free container answers, the one that answered last first, or a new one starts.
It reads the caller from the table and, where the directory is stale, from IAM.
The directory function reads IAM page by page once a minute. AssumeRole, IAM
reads and row writes take from token buckets, and what finds a bucket empty is
tried again as botocore does it (three attempts, full jitter), then refused with 503.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 600
SEED = 9

WORKING_SET = 2
"""Roles that a caller holds credentials for at the same time."""

RUSH_SECONDS = 1800
"""Half of all callers begin their day within so long; the others refresh, five minutes before an hour is over."""

REFRESH_SECONDS = 3300

WARM_SECONDS, COLD_SECONDS = 0.020, 0.35
"""A credential at 15 ms of AWS (bench/warm.py), and what a start adds (the CPU of bench/cold.py, an estimate)."""

IAM_READ_SECONDS, TABLE_READ_SECONDS = 0.05, 0.005
ATTEMPTS = 3
"""aws.clients.SETTINGS."""

STS_PER_SECOND = 600
IAM_PER_SECOND = 20
"""Not published; an assumption."""

RUN_SECONDS = 60
PER_PAGE = 100
"""Users or roles in a page of GetAccountAuthorizationDetails. The function asks for 500; IAM may answer fewer."""

MOST_USERS, MOST_ROLES = 5_000, 1_000
"""Quotas of one account: other callers are sessions of roles, or persons of Identity Center."""

DAY_WRITES_PER_SECOND = 1000
WRITE_UNITS = 2
"""A session's row with its event has between one and two kilobytes, in the table and in each of three indexes."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The users of one deployment."""

    name: str
    callers: int
    accounts: int
    fresh: bool = True

    @property
    def per_second(self) -> float:
        """Requests in the rush: those who begin, and those who refresh."""
        return self.callers * WORKING_SET * 0.5 * (1 / RUSH_SECONDS + 1 / REFRESH_SECONDS)

    @property
    def roles(self) -> int:
        """Ten in each account."""
        return 10 * self.accounts

    @property
    def pages(self) -> int:
        """IAM's answers in one run of the directory."""
        return -(-min(self.callers, MOST_USERS) // PER_PAGE) + -(-min(self.roles, MOST_ROLES) // PER_PAGE)


SCALES = (
    Scale("one team", 20, 1),
    Scale("a company", 1_000, 20),
    Scale("a large one", 10_000, 200),
    Scale("the largest, at once", 100_000, 1_000),
    Scale("one of ten parts of it", 10_000, 100),
    Scale("the largest, directory stale", 100_000, 1_000, fresh=False),
)


@dataclass
class Bucket:
    """Tokens that come back with time; a second's worth at most."""

    per_second: float
    tokens: float = field(init=False)
    at: float = 0.0
    peak: int = 0
    _second: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        """Full at the start."""
        self.tokens = self.per_second

    def take(self, now: float, count: int = 1) -> bool:
        """Takes from the quota; False if it was not enough. The attempt counts either way."""
        self._note(int(now), count)
        self.tokens = min(self.per_second, self.tokens + max(now - self.at, 0) * self.per_second)
        self.at = max(now, self.at)
        if self.tokens < count:
            return False
        self.tokens -= count
        return True

    def _note(self, second: int, count: int) -> None:
        self._second = (second, count + (self._second[1] if second == self._second[0] else 0))
        self.peak = max(self.peak, self._second[1])


@dataclass
class Container:
    """One execution environment, and until when it is busy."""

    busy_until: float = 0.0


@dataclass
class Region:
    """The containers and quotas of one deployment, and what happened to its requests."""

    random: Random
    fresh: bool = True
    iam: Bucket = field(default_factory=lambda: Bucket(IAM_PER_SECOND))
    sts: Bucket = field(default_factory=lambda: Bucket(STS_PER_SECOND))
    day: Bucket = field(default_factory=lambda: Bucket(DAY_WRITES_PER_SECOND))
    containers: list[Container] = field(default_factory=list)
    requests: int = 0
    cold: int = 0
    iam_reads: int = 0
    refused: int = 0

    def serve(self, now: float) -> None:
        """One POST /v1/credentials."""
        self.requests += 1
        container, at = self._container(now)
        container.busy_until = self._calls(at + TABLE_READ_SECONDS) + WARM_SECONDS

    def list_callers(self, now: float, pages: int) -> None:
        """One run of the directory function: it waits for each page before it asks for the next."""
        for page in range(pages):
            self.iam.take(now + page * IAM_READ_SECONDS)

    def _container(self, now: float) -> tuple[Container, float]:
        last = len(self.containers) - 1
        free = next((place for place in range(last, -1, -1) if self.containers[place].busy_until <= now), None)
        if free is None:
            self.cold += 1
            self.containers.append(Container())
            return self.containers[-1], now + COLD_SECONDS
        self.containers.append(self.containers.pop(free))
        return self.containers[-1], now

    def _calls(self, at: float) -> float:
        """When the request is through with AWS, given credentials or not."""
        for _ in () if self.fresh else ("GetUser", "ListGroupsForUser"):
            self.iam_reads += 1
            done, at = self._tried(self.iam, at)
            if not done:
                self.refused += 1
                return at
            at += IAM_READ_SECONDS
        assumed, at = self._tried(self.sts, at)
        written, at = self._tried(self.day, at, WRITE_UNITS)
        self.refused += not (assumed and written)
        return at

    def _tried(self, bucket: Bucket, at: float, count: int = 1) -> tuple[bool, float]:
        for attempt in range(ATTEMPTS):
            if bucket.take(at, count):
                return True, at
            at += self.random.uniform(0, 2**attempt)
        return False, at


def simulated(scale: Scale) -> Region:
    """Ten minutes of one scale's rush."""
    random = Random(SEED)  # noqa: S311  arrivals, not secrets
    region = Region(random, scale.fresh)
    next_run = 0.0
    for now in takewhile(lambda at: at < SECONDS, _arrivals(random, scale.per_second)):
        while scale.fresh and next_run <= now:
            region.list_callers(next_run, scale.pages)
            next_run += RUN_SECONDS
        region.serve(now)
    return region


def refused_share(scale: Scale) -> float:
    """The share of requests answered 503."""
    region = simulated(scale)
    return region.refused / max(region.requests, 1)


def _arrivals(random: Random, per_second: float) -> Iterator[float]:
    now = 0.0
    while True:
        now += random.expovariate(per_second)
        yield now


def table() -> str:
    """The table of docs/scale.md."""
    head = "| | Callers | Accounts | Requests/s | Containers | Cold | IAM reads/s, peak | STS of quota | Refused, 503 |"
    return "\n".join([head, "|---|" + "---:|" * 8, *(_row(scale, simulated(scale)) for scale in SCALES)])


def _row(scale: Scale, region: Region) -> str:
    cells = (
        f"{scale.callers:,}",
        f"{scale.accounts:,}",
        f"{scale.per_second:.2f}",
        str(len(region.containers)),
        f"{region.cold / max(region.requests, 1):.1%}",
        f"{region.iam.peak}",
        f"{region.sts.peak / STS_PER_SECOND:.0%}",
        f"{region.refused / max(region.requests, 1):.1%}",
    )
    return f"| {scale.name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    print(table())
