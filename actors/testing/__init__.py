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
from actors.testing.probe import Probe
from actors.testing.virtual_clock import VirtualClock, settle
from actors.testing.waiting import wait_until, wait_until_at_rest, wait_until_idle

__all__ = [
    "CrashesOn",
    "CrashesOnStart",
    "CrashesOnStop",
    "Flawless",
    "HangsOn",
    "HangsOnStart",
    "HangsOnStop",
    "IgnoresKill",
    "Probe",
    "StopsNormally",
    "VirtualClock",
    "settle",
    "wait_until",
    "wait_until_at_rest",
    "wait_until_idle",
]
