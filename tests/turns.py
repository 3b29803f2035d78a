"""Longer turns on the CPU for a run of tests: four workers on two cores otherwise cost a fifth more CPU time.

A process that comes back to a core finds the caches full of another's data. Linux takes
turns of a few milliseconds, which suits a desktop. From 6.12 on a process may ask for up to 100 ms:
https://docs.kernel.org/scheduler/sched-eevdf.html and sched_setattr(2). What it starts inherits that.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

TURN_MILLISECONDS = 50
"""Half of the longest: a program that someone waits for must not wait for long."""

SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
"""The system call's number by machine: libc has no function for it."""

SCHED_OTHER = 0


def take_long_turns() -> None:
    """Ask for them. Older kernels and other systems do nothing."""
    number = SCHED_SETATTR.get(platform.machine())
    if platform.system() != "Linux" or number is None or os.sched_getscheduler(0) != SCHED_OTHER:
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = struct.pack("=IIQiIQQQ", 48, SCHED_OTHER, 0, nice, 0, TURN_MILLISECONDS * 1_000_000, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)
