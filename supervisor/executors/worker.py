"""The program of an executor's process: ``python -m supervisor.executors.worker DESCRIPTOR PARENT NAME``.

``DESCRIPTOR`` is its end of the control channel, ``PARENT`` the process that it must not outlive, ``NAME`` tells people
which one it is. Nobody but `supervisor.executors.process` starts it.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Patch first, because everything that is imported later may keep what it finds."""
    from gevent import monkey

    monkey.patch_all()
    from supervisor.executors.worker_process import serve

    serve(int(sys.argv[1]), int(sys.argv[2]))


if __name__ == "__main__":
    main()
