"""The test kit that ships with the kernel: a virtual clock, probes, and actors named for their faults."""

from actors.testing.misbehaving import (
    CrashesOn,
    CrashesOnStart,
    CrashesOnStop,
    Flawless,
    HangsOn,
    HangsOnStart,
    HangsOnStop,
    IgnoresKill,
    StopsNormally,
)
from actors.testing.virtual_clock import VirtualClock, settle

__all__ = [
    "CrashesOn",
    "CrashesOnStart",
    "CrashesOnStop",
    "Flawless",
    "HangsOn",
    "HangsOnStart",
    "HangsOnStop",
    "IgnoresKill",
    "StopsNormally",
    "VirtualClock",
    "settle",
]
