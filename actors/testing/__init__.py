"""The test kit that ships with the kernel: a virtual clock, probes, and actors named for their faults."""

from actors.testing.virtual_clock import VirtualClock, settle

__all__ = ["VirtualClock", "settle"]
