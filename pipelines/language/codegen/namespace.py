"""The names that generated code may use, and nothing else: there are no builtins beside them."""

from __future__ import annotations

from typing import Any, NoReturn

from pipelines.emit import Drop, Emit
from pipelines.language.codegen.operators import HELPERS
from pipelines.language.faults import Fault
from pipelines.language.limits import Limits
from pipelines.language.runtime import access, binaries, hash_order, json_text, leaving, records
from pipelines.language.runtime.operations import UNARY, binary_operators
from pipelines.language.script import SimpleOccasion
from pipelines.language.values import MISSING

__all__ = ["make_namespace"]


def make_namespace(limits: Limits, weighed: bool) -> dict[str, Any]:
    """All helpers, bound to ``limits``. ``weighed``: what could have grown is weighed before it is written as text."""
    operators = binary_operators(limits)
    weighing = leaving.weighing(limits)
    light = weighing["light"]

    def encode(value: Any) -> str:
        return json_text.encode(light(value) if weighed else value)

    return {
        "__builtins__": {},
        **{kind.__name__: kind for kind in (bool, bytes, dict, float, int, list, str)},
        "Drop": Drop,
        "Emit": Emit,
        "Exception": Exception,
        "Fault": Fault,
        "MISSING": MISSING,
        "enumerate": enumerate,
        "len": len,
        "limits": limits,
        "nothing": {},
        "nowhere": SimpleOccasion(),
        **{name: operators[operator] for operator, name in HELPERS.items()},
        "negate": UNARY["-"],
        "plus": UNARY["+"],
        "negation": UNARY["not"],
        "complement": UNARY["!"],
        "index": access.index,
        "within": access.within,
        "look_up": access.look_up,
        "look_up_range": access.look_up_range,
        "unset": access.unset,
        "assign": access.assign,
        "assign_in_place": access.assign_in_place,
        "entries": access.entries,
        "entries_by_hash": hash_order.entries_by_hash,
        "snapshot": access.snapshot,
        "need_boolean": access.need_boolean,
        "measure": binaries.measure,
        "pack": binaries.pack,
        "record": records.need_record,
        "merge": records.merge,
        "merge_into": records.merge_into,
        "merge_all": records.merge_all,
        "merge_field": records.merge_field,
        "insert_field": records.insert_field,
        "update_field": records.update_field,
        "upsert_field": records.upsert_field,
        "erase_field": records.erase_field,
        "move_field": records.move_field,
        "copy_field": records.copy_field,
        "fits": records.check_size,
        "own": leaving.own,
        "as_text": leaving.as_text,
        "joined": leaving.joined,
        "by_value": leaving.by_value,
        "by_each": leaving.by_each,
        "light": light,
        "bounded": weighing["bounded"],
        "copy": weighing["copy"],
        "encode": encode,
        "too_long": _too_long,
        "no_clause": _no_clause,
        "raise_recursion": _raise_recursion,
        "raise_steps": _raise_steps,
        "steps": [0],
    }


def _too_long() -> NoReturn:
    raise Fault("the text is longer than the limit", "the limit belongs to the deployment", "limit-exceeded")


def _no_clause() -> NoReturn:
    hint = "add a clause `default => …` at the end, or check that the others cover everything"
    raise Fault("no clause of this match fits", hint, "no-clause")


def _raise_steps(limits: Limits) -> NoReturn:
    raise Fault(
        f"this event takes more than {limits.steps:,} turns of loops and calls of functions",
        "let loops that are within each other go over less, or raise the limit `steps`",
        "steps-limit",
    )


def _raise_recursion(limits: Limits) -> NoReturn:
    raise Fault(
        f"the recursion limit of {limits.recursion} is reached",
        "does the function come to an end for this argument?",
        "recursion-limit",
    )
