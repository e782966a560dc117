"""The code generator: `routine.Program`, `Selection` and `Routine` become Python functions, by way of Python's ``ast``.

`compile_program` makes a `CompiledProgram`: one code object, which any number of instances share. Each instance
(`CompiledProgram.start`) has a `script.RunFunction`, a state and ``args`` of its own, and costs microseconds::

    instance = compile_program(program, dialect, limits).start(args)
    instance.function(event, meta, occasion)          # a value, an `Emit`, or `Drop`; raises `ScriptError`
    instance.cell.value                               # the script's `state`

`compile_selection` makes the functions of a select, and `compile_expression` that of any other part of a query. Each is
a `QueryFunction`: ``function(event, meta, occasion, group, window, aggregates)``, of which all but the event may be
left out where they mean nothing.

How the functions look: one Python function for each `Routine`, all within one ``try``. Paths are plain subscripts; what
they raise is turned into a `ScriptError` by `runtime.failure`, which finds the place in the script by the position of
the instruction that failed. Statements that need several lines stand before the expression that uses them
(`writer.Writer`). Nothing of a script's text becomes a Python name: locals, temporaries and constants have numbers.

===============  ===================================================================================================
template.py      Python text with holes → nodes of ``ast``
sites.py         which node of the script stands at which position of the Python code
writer.py        the function that is being written; expressions and statements by the class of their node
operators.py     arithmetic, comparison, logic        values.py     literals, lists, records, texts, calls, merge, patch
paths.py         reading, ``present``                 assignments.py   ``let``
matches.py       ``match``, ``fn … of``               patterns.py   what stands behind ``case``
dispatch.py      runs of clauses that one look-up decides
statements.py    bodies, ``emit``, ``drop``, ``for``
ownership.py     which values may share containers with constants, ``args`` and ``state``
growth.py        whether a script can make a small value stand for a huge one
functions.py     the frame of each function: parameters, `try`, what a query's parts return
namespace.py     the names that generated code may use
assembly.py      all functions of a script, compiled
compiled.py      what callers get
===============  ===================================================================================================
"""

from __future__ import annotations

from pipelines.language.codegen.compiled import (
    CompiledProgram,
    CompiledSelection,
    ProgramInstance,
    QueryFunction,
    StateCell,
    compile_expression,
    compile_program,
    compile_selection,
)

__all__ = [
    "CompiledProgram", "CompiledSelection", "ProgramInstance", "QueryFunction", "StateCell", "compile_expression",
    "compile_program", "compile_selection",
]  # fmt: skip
