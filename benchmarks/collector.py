"""What the collector of garbage costs at different thresholds: ``python -m benchmarks.collector [--repeat N]``.

The work of `benchmarks.throughput` at 64:64:1, in a process of its own for each setting, in turns (A B C A B C).
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import Any

SETTINGS: dict[str, tuple[int, int, int] | None] = {
    "as Python has it": None,
    "frozen, 700": (700, 10, 10),
    "frozen, 5,000": (5_000, 20, 50),
    "frozen, 10,000": (10_000, 20, 50),
    "frozen, 50,000": (50_000, 20, 50),
    "switched off": (0, 0, 0),
}
_SECONDS = 2.0
_WARM_UP_SECONDS = 0.5


def measure(setting: str, engine: str) -> dict[str, float]:
    """In this process: MiB of output a second of CPU time, and the memory at the end."""
    import gevent

    from benchmarks.throughput.events import make_lines
    from benchmarks.throughput.flow import deployment_text, write_deployment
    from benchmarks.throughput.variants import Variant
    from supervisor import Deployment

    with tempfile.TemporaryDirectory() as name:
        variant = Variant("greenlets", shape=64, engine=engine)
        text = deployment_text(variant, offramp='type = "blackhole"')
        data = Path(name) / "data"
        data.write_bytes(b"\n".join(make_lines()))
        file = write_deployment(Path(name), text, data)
        deployment = Deployment.load(file)
        with deployment:
            thresholds = SETTINGS[setting]
            if thresholds is not None:
                gc.collect()
                gc.freeze()
                gc.set_threshold(*thresholds)
            gevent.sleep(_WARM_UP_SECONDS)
            sink = deployment.offramp("out")
            size, cpu = sink.size_bytes, process_time()
            gevent.sleep(_SECONDS)
            rate = (sink.size_bytes - size) / 2**20 / (process_time() - cpu)
    peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return {"mib_per_cpu_second": rate, "peak_mib": peak}


def main() -> int:
    """Measure all settings in turns and print medians, least and most."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--engine", choices=["ujson", "orjson"], default="orjson")
    parser.add_argument("--setting", choices=list(SETTINGS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.setting:
        print(json.dumps(measure(arguments.setting, arguments.engine)))
        return 0
    found: dict[str, list[dict[str, Any]]] = {setting: [] for setting in SETTINGS}
    for _ in range(arguments.repeat):
        for setting, figures in found.items():
            command = [
                sys.executable,
                "-m",
                __spec__.name,
                "--engine",
                arguments.engine,
                "--setting",
                setting,
            ]
            figures.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    print(f"{'thresholds':<18} {'MiB/CPU s, median (least-most)':<32} peak MiB")
    for setting, figures in found.items():
        rates = [each["mib_per_cpu_second"] for each in figures]
        peaks = [each["peak_mib"] for each in figures]
        spread = f"{statistics.median(rates):.1f} ({min(rates):.1f}-{max(rates):.1f})"
        print(f"{setting:<18} {spread:<32} {statistics.median(peaks):.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
