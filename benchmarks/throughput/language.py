"""The work of `workload` in the script and query languages, written from the same rules."""

from __future__ import annotations

from benchmarks.throughput.workload import DEFAULT, RULES, Rule

__all__ = ["query_text", "script_text"]


def _clause(rule: Rule) -> str:
    test = f'{rule.field} ~= %["{rule.value}"]' if rule.field == "tags" else f'{rule.field} == "{rule.value}"'
    return (
        f'  case %{{ {test} }} => let $class = "{rule.name}", let $rate = {rule.rate}, '
        f"let $dimensions = event.{rule.dimension}"
    )


def script_text(flow: str) -> str:
    """The classification as a script; ``flow`` is ``changing`` or ``routing``."""
    name, rate = DEFAULT
    clauses = "\n".join(map(_clause, RULES))
    change = "let event.class = $class;\n" if flow == "changing" else ""
    return f"""\
match event of
{clauses}
  default => let $class = "{name}", let $rate = {rate}
end;
{change}event
"""


def query_text(flow: str) -> str:
    """The classification and the bucket as a query."""
    return f"""\
define grouper::bucket operator limit;
define script classify
script
{script_text(flow)}end;

create script classify;
create operator limit;

select event from in into classify;
select event from classify into limit;
select event from limit into out;
select event from limit/overflow into out;
select event from classify/err into err;
"""
