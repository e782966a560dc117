"""Deployments to look at: five components, five hundred, and some in trouble."""

from __future__ import annotations

_API = '[supervisor]\napi = { address = "127.0.0.1:0" }\n'

SMALL = f"""
{_API}
[onramps.clock]
type = "metronome"
interval = "20ms"
[pipelines.parse]
operators = [{{ type = "counter" }}]
[pipelines.enrich]
operators = [{{ type = "counter" }}]
[offramps.out]
type = "blackhole"
[offramps.errors]
type = "blackhole"
[flows.orders]
links = ["clock -> parse -> enrich -> out", "parse/err -> errors"]
"""

READ_ONLY = SMALL.replace('127.0.0.1:0" }', '127.0.0.1:0", read_only = true }')

WITH_TOKEN = SMALL.replace('127.0.0.1:0" }', '127.0.0.1:0", token = { file = "token" } }')

EXECUTORS = """
[supervisor]
api = "127.0.0.1:0"
executors = 2
[onramps.clock]
type = "metronome"
interval = "20ms"
[pipelines.parse]
operators = [{ type = "counter" }]
[offramps.out]
type = "file"
path = "out.jsonl"
[flows.shared]
instances = 4
shared = ["clock", "out"]
links = ["clock -> parse -> out"]
"""

TROUBLED = f"""
{_API}
[onramps.clock]
type = "metronome"
interval = "5ms"
[pipelines.parse]
operators = [{{ type = "counter" }}]
mailbox_events = 10
[offramps.elsewhere]
type = "tcp"
address = "127.0.0.1:1"
mailbox_events = 10
retry = {{ initial = "100ms", maximum = "200ms" }}
[offramps.out]
type = "blackhole"
[flows.away]
links = ["clock -> parse -> elsewhere"]
[flows.well]
links = ["clock -> out"]
"""


def _large() -> str:
    steps = "\n".join(
        f'[pipelines.step-{number}]\noperators = [{{ type = "counter" }}]' for number in range(12)
    )
    orders = "\n".join(
        f'[flows.orders-{number:02}]\nlinks = ["clock -> parse -> out", "parse/err -> errors"]'
        for number in range(60)
    )
    pairs = "\n".join(
        f'[flows.pair-{number}]\ninstances = 4\nlinks = ["clock -> rather-long-name-of-a-pipeline -> out"]'
        for number in range(8)
    )
    fan = ", ".join(f'"quick -> step-{number} -> out"' for number in range(12))
    return f"""
{_API}
[onramps.clock]
type = "metronome"
interval = "200ms"
[onramps.quick]
type = "metronome"
interval = "20ms"
[pipelines.parse]
operators = [{{ type = "counter" }}]
[pipelines.rather-long-name-of-a-pipeline]
operators = [{{ type = "counter" }}]
{steps}
[offramps.out]
type = "blackhole"
[offramps.errors]
type = "blackhole"
[offramps.first]
type = "blackhole"
[offramps.second]
type = "blackhole"
[offramps.elsewhere]
type = "tcp"
address = "127.0.0.1:1"
{orders}
[flows.fleet]
instances = 64
shared = ["out"]
links = ["quick -> parse -> out"]
[flows.fan]
links = [{fan}]
[flows.away]
links = ["quick -> parse -> elsewhere", "parse -> out"]
[flows.chain]
links = [
    "quick -> step-0 -> step-1 -> step-2 -> step-3 -> step-4 -> step-5 -> out",
    "step-2 -> first",
    "step-4/err -> second",
]
{pairs}
"""


LARGE = _large()
