"""Ten minutes of the morning's rush, simulated: what docs/scale.md says of quotas, caches and cost.

`python -m bench.simulation` prints the table that the page holds. Seeded, so it
prints the same every time; a test compares it with the page.

What is modelled: callers ask at random (Poisson), for any role of theirs; a
free container answers, the one that answered last first, or a new one starts;
a container remembers callers and roles for a minute; AssumeRole, IAM reads and
row writes take from token buckets, and what finds a bucket empty is tried
again as botocore does it (three attempts, full jitter), then refused with 503.
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

CACHE_SECONDS = 60
"""wiring.CACHE_SECONDS."""

WARM_SECONDS, COLD_SECONDS = 0.020, 0.35
"""A credential at 15 ms of AWS (bench/warm.py), and what a start adds (the CPU of bench/cold.py, an estimate)."""

IAM_READ_SECONDS, CATALOGUE_SECONDS = 0.05, 0.005
ATTEMPTS = 3
"""aws.clients.SETTINGS."""

STS_PER_SECOND = 600
IAM_PER_SECOND = 20
"""Not published; an assumption."""

DAY_WRITES_PER_SECOND = 1000
WRITE_UNITS = 2
"""A session's row with its event has between one and two kilobytes, in the table and in each of three indexes."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The users of one deployment."""

    name: str
    callers: int
    accounts: int
    iam_per_second: float = IAM_PER_SECOND

    @property
    def per_second(self) -> float:
        """Requests in the rush: those who begin, and those who refresh."""
        return self.callers * WORKING_SET * 0.5 * (1 / RUSH_SECONDS + 1 / REFRESH_SECONDS)

    @property
    def roles(self) -> int:
        """Ten in each account."""
        return 10 * self.accounts


SCALES = (
    Scale("one team", 20, 1),
    Scale("a company", 1_000, 20),
    Scale("a large one", 10_000, 200),
    Scale("the largest, at once", 100_000, 1_000),
    Scale("one of ten parts of it", 10_000, 100),
    Scale("the largest, IAM at 200/s", 100_000, 1_000, iam_per_second=200),
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
    """One execution environment: until when it is busy, and what it read when."""

    busy_until: float = 0.0
    known: dict[str, float] = field(default_factory=dict)

    def knows(self, what: str, now: float) -> bool:
        """True if the container read that key within the last minute."""
        return now - self.known.get(what, -CACHE_SECONDS) < CACHE_SECONDS


@dataclass
class Region:
    """The containers and quotas of one deployment, and what happened to its requests."""

    random: Random
    iam: Bucket
    sts: Bucket = field(default_factory=lambda: Bucket(STS_PER_SECOND))
    day: Bucket = field(default_factory=lambda: Bucket(DAY_WRITES_PER_SECOND))
    containers: list[Container] = field(default_factory=list)
    requests: int = 0
    cold: int = 0
    iam_reads: int = 0
    refused: int = 0

    def serve(self, now: float, caller: str, role: str) -> None:
        """One POST /v1/credentials."""
        self.requests += 1
        container, at = self._container(now)
        at = self._calls(container, at, caller, role)
        container.busy_until = at + WARM_SECONDS

    def _container(self, now: float) -> tuple[Container, float]:
        free = next((one for one in reversed(self.containers) if one.busy_until <= now), None)
        if free is None:
            self.cold += 1
            self.containers.append(Container())
            return self.containers[-1], now + COLD_SECONDS
        self.containers.remove(free)
        self.containers.append(free)
        return free, now

    def _calls(self, container: Container, at: float, caller: str, role: str) -> float:
        """When the request is through with AWS, given credentials or not."""
        if not container.knows(caller, at):
            for _ in ("GetUser", "ListGroupsForUser"):
                self.iam_reads += 1
                done, at = self._tried(self.iam, at)
                if not done:
                    self.refused += 1
                    return at
                at += IAM_READ_SECONDS
            container.known[caller] = at
        if not container.knows(role, at):
            container.known[role] = at = at + CATALOGUE_SECONDS
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
    region = Region(random, Bucket(scale.iam_per_second))
    for now in takewhile(lambda at: at < SECONDS, _arrivals(random, scale.per_second)):
        caller, role = random.randrange(scale.callers), random.randrange(scale.roles)
        region.serve(now, f"caller {caller}", f"role {role}")
    return region


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
