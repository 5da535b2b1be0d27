"""Amounts of memory and time as numbers: what `components.units` lets through is always understood here.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import math

_BYTES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def to_bytes(memory: str) -> int:
    """Bytes of an amount of memory, as in `1.5Gi`; rounded up."""
    return math.ceil(float(memory[:-2]) * _BYTES[memory[-2:]])


def mebibytes(memory: str) -> int:
    """MiB of an amount of memory, rounded down."""
    return to_bytes(memory) // 2**20


def seconds(duration: str) -> int:
    """Seconds of a duration, as in `30d`."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def days(duration: str) -> int:
    """Whole days of a duration, rounded up."""
    return math.ceil(seconds(duration) / _SECONDS["d"])


def millicores(cpu: str) -> int:
    """Thousandths of a core of an amount of CPU, as in `0.5` or `500m`."""
    return int(cpu[:-1]) if cpu.endswith("m") else round(float(cpu) * 1000)


#: Suffixes of a quantity as the API writes it, which may be decimal as well.
_SUFFIXES = {suffix: float(1000 ** (power + 1)) for power, suffix in enumerate("kMGTPE")} | {
    "": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, **{suffix: float(size) for suffix, size in _BYTES.items()}, "Ei": 2.0**60
}  # fmt: skip


def amount(quantity: str) -> float:
    """Any quantity of the API as a number: bytes of `16Gi`, cores of `3920m`, ones of `4`."""
    number = quantity.rstrip("kKMGTPEimun")
    return float(number) * _SUFFIXES[quantity[len(number) :]]
