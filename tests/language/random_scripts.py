"""Hypothesis strategies for texts of scripts that mostly run, over few names so that they meet each other."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

ARITHMETIC = ["+", "+", "-", "-", "*", "/", "%", "&", "^", "<<", ">>", ">>>"]

numbers_in = st.sampled_from(
    [
        0,
        1,
        -1,
        2,
        3,
        7,
        63,
        64,
        2**31,
        -(2**63),
        2**63 - 1,
        2**63,
        2**64 - 1,
        0.0,
        -0.0,
        1.0,
        0.1,
        1.5,
        2.0**63,
    ]
)
texts_in = st.sampled_from(["", "x", "yy", "a", "b", "axb"])
anything_in = st.recursive(
    st.one_of(numbers_in, texts_in, st.sampled_from([None, True, False])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
records_in = st.dictionaries(st.sampled_from(["a", "b", "c"]), anything_in, max_size=3)


def _event(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value != "left out"}


events = st.builds(
    _event,
    n=numbers_in,
    m=numbers_in,
    s=texts_in,
    t=st.booleans(),
    r=records_in,
    l=st.lists(anything_in, max_size=3),
    q=st.lists(st.integers(0, 3), min_size=2, max_size=3),
    a=anything_in,
    b=st.one_of(anything_in, st.just("left out")),
)
"""``n m`` numbers, ``s`` a text, ``t`` a boolean, ``r`` a record, ``l q`` lists, ``a`` anything, ``b`` perhaps."""

names = st.sampled_from(["a", "b", "c"])
literals = st.sampled_from(
    ["null", "true", "false", '"x"', '"a"', "0", "1", "2", "1.0", "0.1", "9223372036854775807", "[]", "{}", "[1, 2]",
     '{"a": 1}', '{"a": {"b": 2}, "b": [1, {"a": 3}]}']
)  # fmt: skip
wild = st.builds(
    "{}{}".format,
    st.sampled_from(["event.a", "event.l", "event.r", "event", "x", "y", "state", "constant", "$m"]),
    st.lists(
        st.sampled_from([".a", ".b", "[0]", "[1]", '["a"]', "[0:1]", "[event.n]", "[event.s]"]), max_size=2
    ).map("".join),
)
"""Paths that may well lead nowhere."""

numbers = st.one_of(
    st.sampled_from(
        ["event.n", "event.m", "event.q[0]", "$m.n", "i", "0", "1", "2", "63", "1.5", "0.1", "4294967297"]
    )
)
texts = st.sampled_from(["event.s", '"x"', '"a"', '"<#{event.a}>"', '"#{event.n}#{event.s}"', "$m.s"])
booleans = st.one_of(
    st.sampled_from(
        ["event.t", "true", "present event.b", "absent event.r.a", "present event.l[0]", "(x == y)"]
    ),
    st.builds("({} {})".format, st.sampled_from(["present", "absent"]), wild),
)
records = st.sampled_from(
    ["event", "event.r", "$m", "state", "state.a", '{"a": 1}', '{"a": x, "b": {"c": y}}', "constant", "w"]
)
lists = st.sampled_from(
    ["event.l", "event.q", "[]", "[x, y]", "event.l[0:0]", "constant.b.a", "event.q[0:2]"]
)

Strategy = st.SearchStrategy[str]


def _numbers(inner: Strategy) -> Strategy:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(ARITHMETIC), inner),
        st.builds("(- ({}))".format, inner),
    )


all_numbers = st.recursive(numbers, _numbers, max_leaves=4)
all_booleans = st.recursive(
    st.one_of(
        booleans,
        st.builds("({} {} {})".format, all_numbers, st.sampled_from(["<", "<=", ">", ">="]), all_numbers),
        st.builds("({} {} {})".format, texts, st.sampled_from(["<", ">="]), texts),
    ),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or", "xor", "&", "^", "=="]), inner),
        st.builds("(not ({}))".format, inner),
    ),
    max_leaves=3,
)


def patterns(inner: Strategy) -> Strategy:
    """What stands behind ``case``."""
    compared = st.builds("{} {} {}".format, names, st.sampled_from(["==", "==", "!=", "<"]), literals)
    field = st.one_of(
        compared,
        st.builds("{} == {}".format, names, literals),
        st.builds("present {}".format, names),
        st.builds("absent {}".format, names),
        st.builds("{} ~= re|x|".format, names),
        st.builds("{} ~= %[ {} ]".format, names, literals),
        st.builds("{} ~= %{{ {} }}".format, names, compared),
    )
    record = st.lists(field, max_size=3).map(lambda fields: "%{ " + ", ".join(fields) + " }")
    element = st.one_of(literals, inner, record, st.just("_"), st.just("~ re|x|"))
    array = st.lists(st.one_of(literals, inner, record), min_size=1, max_size=2).map(
        lambda items: f"%[ {', '.join(items)} ]"
    )
    several = st.lists(element, min_size=1, max_size=3).map(", ".join)
    row = st.builds("%({}{})".format, several, st.sampled_from(["", ", ..."]))
    plain = st.one_of(
        literals, st.sampled_from(['"x"', '"a"', '"yy"', '""']), inner, record, record, array, row
    )
    return st.one_of(plain, st.builds("r = {}".format, plain))


keys = st.sampled_from(['"a"', '"b"', '"c"', '"#{event.s}"'])


def _extend(inner: Strategy) -> Strategy:
    clause = st.one_of(
        st.builds("case {} => {}".format, patterns(inner), inner),
        st.builds("case {} when {} => {}".format, patterns(inner), all_booleans, inner),
        st.builds("case r = %{{ present {} }} => r".format, names),
    )
    operation = st.one_of(
        st.builds(
            "{} {} => {}".format, st.sampled_from(["insert", "upsert", "upsert", "update"]), keys, inner
        ),
        st.builds("merge {} => {}".format, keys, records),
        st.builds("{} {} => {}".format, st.sampled_from(["move", "copy"]), keys, keys),
        st.builds("erase {}".format, keys),
        st.builds("merge => {}".format, records),
    )
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(keys, inner), max_size=3).map(
            lambda fields: "{" + ", ".join(f"{key}: {value}" for key, value in fields) + "}"
        ),
        st.builds("({} {} {})".format, inner, st.sampled_from(["==", "!="]), inner),
        st.builds('"<#{{{}}}>"'.format, inner),
        st.builds(
            "(match {} of {} default => {} end)".format,
            inner,
            st.lists(clause, max_size=5).map(" ".join),
            inner,
        ),
        st.builds(
            "(for {} of case (k, v) => [k, v, {}] end)".format, st.one_of(lists, records, inner), inner
        ),
        st.builds(
            "(for {} of case (k, v) when {} => v case (k, v) => {} end)".format, lists, all_booleans, inner
        ),
        st.builds("merge {} of {} end".format, records, st.one_of(records, inner)),
        st.builds(
            "patch {} of {} end".format, records, st.lists(operation, min_size=1, max_size=3).map(", ".join)
        ),
        st.builds("{}({}, {})".format, st.sampled_from(["first", "second", "third"]), inner, inner),
    )


leaves = st.one_of(literals, all_numbers, texts, all_booleans, records, lists, wild)
expressions = st.recursive(leaves, _extend, max_leaves=6)

targets = st.sampled_from(
    ["x", "y", "w.a", "w.b.c", "w[event.s]", "event", "event.r", "event.r.a", "event.r.b.c", "event.new.a", "event.a",
     "event[event.s]", "state", "state.a", "state.a.b", "state[event.s]", "$m", "$m.a", "$other.a.b"]
)  # fmt: skip


def _statements(inner: Strategy) -> Strategy:
    several = st.lists(inner, min_size=1, max_size=3).map(", ".join)
    clause = st.builds("case {} => {}".format, patterns(literals), several)
    texts_clause = st.builds('case "{}" => {}'.format, st.sampled_from(["x", "yy", "a", "b"]), several)
    clauses = st.one_of(st.lists(clause, max_size=4), st.lists(texts_clause, max_size=5)).map(" ".join)
    return st.one_of(
        st.builds("match {} of {} default => {} end".format, st.one_of(texts, expressions), clauses, several),
        st.builds("for {} of case (k, v) => let x = v, {} end".format, st.one_of(lists, records), several),
    )


simple = st.one_of(
    st.builds("let {} = {}".format, targets, expressions),
    st.builds("let {} = {}".format, targets, st.one_of(wild, records)),
    st.builds(
        "let {0} = merge {0} of {1} end".format, st.sampled_from(["event", "$", "w", "state"]), records
    ),
    st.builds(
        "let {0} = patch {0} of upsert {1} => {2} end".format,
        st.sampled_from(["event", "$", "w", "state"]),
        keys,
        leaves,
    ),
    st.builds(
        "let {0} = patch {0} of erase {2}, copy {1} => {2} end".format,
        st.sampled_from(["event", "$", "w", "state"]),
        keys,
        keys,
    ),
)
ends = st.one_of(
    expressions,
    st.sampled_from(["event", "$", "state", "x", "w", "{}", "[event, $, w, state]"]),
    st.builds("emit {}".format, expressions),
    st.builds('emit {} => "#{{event.s}}"'.format, leaves),
    st.just("drop"),
)
statements = st.recursive(st.one_of(simple, simple, simple, ends), _statements, max_leaves=4)

PROLOGUE = """const constant = {"a": 1, "b": {"a": [1, 2], "b": "x"}, "c": [{"a": null}]};
fn first(a, b) with let c = [a, b]; let a = b; {"a": a, "b": c} end;
fn second(a, b) of case (1, b) => "one" case (%{ present a }, ~ re|x|) => [a, b] default => first(b, a) end;
fn third(n, all) with
  match n of case 0 => all case 1 => recur(0, [all, n]) case 2 => recur(1, {"a": all}) default => n end
end;
"""
START = 'let $m = {"n": 3, "s": "x"}; let x = event.a; let y = event.r; let i = 5; let w = {"a": event.r};\n'

scripts = st.builds(
    lambda lines, end: PROLOGUE + START + ";\n".join([*lines, end]), st.lists(statements, max_size=5), ends
)
