"""`python -m tests.fuzz SECONDS [TARGET...]`: tries each reader for so long, and keeps what it finds as a file."""

from __future__ import annotations

import hashlib
import sys
import time
import traceback
from random import randrange

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.targets import TARGETS
from tests.fuzz.test_fuzz import KEPT, spoilt

ROUND = 500
"""Examples between two looks at the clock."""


def fuzz(name: str, seconds: float) -> tuple[int, float, bytes | None]:
    """How many were tried, the longest time that one took, and the smallest one that is a fault."""
    tried, longest, fault = 0, 0.0, None

    @settings(
        max_examples=ROUND,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(data=spoilt(name))
    def check(data: bytes) -> None:
        nonlocal tried, longest, fault
        began, fault = time.thread_time(), data
        TARGETS[name].feed(data)
        fault, tried, longest = None, tried + 1, max(longest, time.thread_time() - began)

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            seed(randrange(1 << 32))(check)()  # noqa: S311  # chance, and no secret
        except BaseException:  # noqa: BLE001  # whatever it is, it is the fault that is looked for
            traceback.print_exc(limit=-6)
            break
    return tried, longest, fault


def main(seconds: float, *names: str) -> int:
    """Exit code 1 when anything was found."""
    found = 0
    for name in names or TARGETS:
        tried, longest, fault = fuzz(name, seconds)
        print(f"{name}: {tried:,} tried, the slowest in {longest:.2f} s of CPU", flush=True)
        if fault is not None:
            path = KEPT / name / hashlib.sha256(fault).hexdigest()[:12]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(fault)
            print(f"{name}: a fault, kept in {path}", flush=True)
            found += 1
    return min(found, 1)


sys.exit(main(float(sys.argv[1]), *sys.argv[2:]))
