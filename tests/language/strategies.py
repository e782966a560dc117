"""Hypothesis strategies for texts of the script and query languages. All of them parse; what they mean is another
matter: names are not defined, types do not fit.

* `expressions(dialect)`, `patterns(dialect)`: texts on one line, without comments.
* `scripts(dialect)`, `queries(dialect)`: whole texts, with random blanks, newlines and comments between their tokens.

The grammar is written down as strategies of strings in which ``\\0`` stands between two tokens, one family a depth:
what is at depth ``n`` is made of parts at depth ``n - 1``, so that texts stay small without any filtering. The public
ones are composites, whose ``repr`` is short: that of a whole grammar has gigabytes.
"""

from functools import cache

from hypothesis import strategies as st

Text = st.SearchStrategy[str]

_BOUNDARY = "\0"
_DEPTH = 3
_GAPS = [
    " ",
    " ",
    " ",
    " ",
    " ",
    " ",
    "\n",
    "\n",
    "  ",
    "\n\n\n",
    " # why\n",
    "\n# above\n  ",
    "\n\n# apart\n\n",
    "#\n",
]
_NAMES = ["a", "b", "x1", "snot-badger", "naïve", "`event`", "`a b`", "`x`", "_quoted".join("``")]
_BINARY = [
    "or",
    "xor",
    "and",
    "^",
    "&",
    "==",
    "!=",
    ">=",
    ">",
    "<=",
    "<",
    ">>",
    ">>>",
    "<<",
    "+",
    "-",
    "*",
    "/",
    "%",
]
_COMPARISONS = ["==", "!=", ">=", ">", "<=", "<"]


def _seq(*parts: Text | str) -> Text:
    """One after the other; a plain string is one token."""
    strategies = [st.just(part) if isinstance(part, str) else part for part in parts]
    return st.tuples(*strategies).map(lambda found: _BOUNDARY.join(text for text in found if text))


def _maybe(*parts: Text | str) -> Text:
    return st.just("") | _seq(*parts)


def _several(part: Text, separator: str = ",", least: int = 1, most: int = 3, trailing: bool = False) -> Text:
    """``part separator part``; ``trailing``: perhaps with a separator at the end."""
    glue = f"{_BOUNDARY}{separator}{_BOUNDARY}"
    parts = st.lists(part, min_size=least, max_size=most)
    if not trailing:
        return parts.map(glue.join)
    end = st.booleans().map(lambda wanted: f"{_BOUNDARY}{separator}" if wanted else "")
    return st.tuples(parts, end).map(lambda found: glue.join(found[0]) + (found[1] if found[0] else ""))


_names: Text = st.sampled_from(_NAMES)
_paths_of_names: Text = st.lists(_names, min_size=1, max_size=3).map(f"{_BOUNDARY}::{_BOUNDARY}".join)


@cache
def _numbers(dialect: str) -> Text:
    written = ["0", "7", "42", "0x1F", "9223372036854775807", "1.5", "1.", "2.0e10", "1.0e-3"]
    if dialect != "0.9":
        written += ["-1", "-9223372036854775808", "1_000", "-2.5"]
    return st.sampled_from(written)


_EMBEDDABLE = 1


@cache
def _strings(dialect: str, depth: int) -> Text:
    pieces = [
        "a",
        " ",
        "ü",
        "'",
        "#",
        r"\"",
        r"\\",
        r"\n",
        r"\/",
        r"\'",
        r"\u0041",
        r"\u0007",
        r"\u00e9",
        "|",
        "`",
    ]
    if dialect == "0.9":
        pieces += [r"\{", r"\}", "{{", "}}"]
        opening = "{"
    else:
        pieces = [piece for piece in pieces if piece != "#"] + [r"\#", "{", "}", "{}"]
        opening = "#{"
    piece: Text = st.sampled_from(pieces)
    if depth > 0:
        embedded = _expressions(dialect, min(depth - 1, _EMBEDDABLE))
        piece |= embedded.map(lambda text: f"{opening} {text.replace(_BOUNDARY, ' ')} }}")
    return st.lists(piece, max_size=4).map(lambda found: '"' + "".join(found) + '"')


_HEREDOCS = ['"""\nline\n  "quoted" line\n"""', '"""\n"""', '"""\n\n  \\"x\n """']
_EXTRACTORS = ["re|^a\\\\d+$|", "glob|*a|", "json||", "cidr|10.0.0.0/8|", "re|(a\\|b)|", "grok|%{A}\\\n   b|"]


@cache
def _extractors() -> Text:
    return st.sampled_from(_EXTRACTORS).map(
        lambda text: text.partition("|")[0] + _BOUNDARY + "|" + text.partition("|")[2]
    )


@cache
def _literals(dialect: str) -> Text:
    return st.sampled_from(["null", "true", "false"]) | _numbers(dialect)


@cache
def _paths(dialect: str, depth: int) -> Text:
    root: Text = st.sampled_from(["event", "state", "args", "group", "window"]) | _paths_of_names
    root |= _seq("$", _names)
    if depth == 0:
        return root | st.just("$")
    inner = _complex(dialect, depth - 1)
    segment = _seq(".", _names) | _seq("[", inner, "]") | _seq("[", inner, ":", inner, "]")
    return root | st.just("$") | _seq(root, st.lists(segment, min_size=1, max_size=2).map(_BOUNDARY.join))


@cache
def _primaries(dialect: str, depth: int) -> Text:
    if depth == 0:
        return _literals(dialect) | _paths(dialect, 0) | _strings(dialect, 0)
    inner = _complex(dialect, depth - 1)
    arguments = _several(inner, least=0, trailing=True)
    field = _seq(_strings(dialect, depth - 1), ":", inner)
    operation = st.one_of(
        _seq(st.sampled_from(["insert", "upsert", "update", "merge", "move", "copy"]), inner, "=>", inner),
        _seq("erase", inner),
        _seq("merge", "=>", inner),
    )
    found = [
        _literals(dialect),
        _strings(dialect, depth),
        _paths(dialect, depth),
        _seq("(", inner, ")"),
        _seq("[", arguments, "]"),
        _seq("{", _several(field, least=0, trailing=True), "}"),
        _seq(_paths_of_names, "(", arguments, ")"),
        _seq("recur", "(", arguments, ")"),
        _seq("merge", inner, "of", inner, "end"),
        _seq("patch", inner, "of", _several(operation), "end"),
    ]
    if dialect != "0.9":
        part = _primaries(dialect, depth - 1)
        bits = (
            _maybe(":", st.sampled_from(["1", "16"])),
            _maybe("/", st.sampled_from(["binary", "signed-integer"])),
        )
        found.append(_seq("<<", _several(_seq(part, *bits), least=0), ">>"))
    return st.one_of(found)


@cache
def _expressions(dialect: str, depth: int) -> Text:
    """Operators and their operands."""
    primary = _primaries(dialect, depth)
    negations = ["not"] if dialect == "0.9" else ["not", "!"]
    middle = primary | _seq(st.sampled_from(negations), primary)
    middle |= _seq(st.sampled_from(["present", "absent"]), _paths(dialect, depth))
    unary = middle | _seq(st.sampled_from(["+", "-"]), middle)
    row = st.lists(st.tuples(st.sampled_from(_BINARY), unary), min_size=1, max_size=3)
    return unary | st.tuples(unary, row).map(
        lambda found: _BOUNDARY.join([found[0], *(word for pair in found[1] for word in pair)])
    )


@cache
def _complex(dialect: str, depth: int) -> Text:
    """Any expression without effects."""
    found = _expressions(dialect, depth)
    if depth == 0:
        return found
    body = _several(_complex(dialect, depth - 1), most=2)
    return st.one_of(found, found, _matches(dialect, depth, body, False), _loops(dialect, depth, body))


def _guards(dialect: str, depth: int) -> Text:
    return _maybe("when", _complex(dialect, depth - 1))


@cache
def _matches(dialect: str, depth: int, body: Text, statement: bool) -> Text:
    pattern = _case_patterns(dialect, depth - 1, statement)
    case = _seq("case", pattern, _guards(dialect, depth), "=>", body)
    clauses = _several(case | _seq("default", "=>", body), separator="", most=3)
    return _seq("match", _complex(dialect, depth - 1), "of", clauses.map(_without_empty), "end")


@cache
def _loops(dialect: str, depth: int, body: Text) -> Text:
    case = _seq("case", "(", _names, ",", _names, ")", _guards(dialect, depth), "=>", body)
    clauses = _several(case, separator="", most=2)
    return _seq("for", _complex(dialect, depth - 1), "of", clauses.map(_without_empty), "end")


def _without_empty(text: str) -> str:
    return text.replace(_BOUNDARY * 2, _BOUNDARY)


# Patterns


@cache
def _record_patterns(dialect: str, depth: int) -> Text:
    fields = [
        _seq(st.sampled_from(["present", "absent"]), _names),
        _seq(_names, "~=", _extractors()),
        _seq(_names, "=", _names, "~=", _extractors()),
        _seq(_names, st.sampled_from(_COMPARISONS), _complex(dialect, max(depth - 1, 0))),
    ]
    if depth > 0:
        fields.append(
            _seq(_names, "~=", _record_patterns(dialect, depth - 1) | _array_patterns(dialect, depth - 1))
        )
    return _seq("%{", _several(st.one_of(fields), least=0, trailing=True), "}")


@cache
def _elements(dialect: str, depth: int, wildcard: bool) -> Text:
    found = [_seq("~", _extractors()), _complex(dialect, depth), _record_patterns(dialect, depth)]
    if wildcard:
        found.append(st.just("_"))
    return st.one_of(found)


@cache
def _array_patterns(dialect: str, depth: int) -> Text:
    return _seq("%[", _several(_elements(dialect, depth, dialect != "0.9"), least=0), "]")


@cache
def _case_patterns(dialect: str, depth: int, statement: bool) -> Text:
    new = dialect != "0.9"
    element = _elements(dialect, depth, True)
    pattern = st.one_of(
        _complex(dialect, depth),
        _record_patterns(dialect, depth),
        _array_patterns(dialect, depth),
        _seq("%(", _several(element, least=0), ")"),
        _seq("%(", _several(element), ",", ".", ".", ".", ")"),
        st.just(_BOUNDARY.join(["%(", ".", ".", ".", ")"])),
    )
    if new:
        pattern |= _seq("~", _extractors()) | st.just("_")
    assigned = _seq(_names, "=", pattern)
    return pattern | assigned | st.just("_") if statement or new else pattern | assigned


# Statements


@cache
def _statements(dialect: str, depth: int) -> Text:
    value = _expressions(dialect, depth)
    if depth == 0:
        return value | st.just("drop")
    inner = _statements(dialect, depth - 1)
    body = _several(inner, most=2)
    port = _strings(dialect, 1)
    return st.one_of(
        value,
        st.just("drop"),
        _seq("let", _paths(dialect, depth), "=", inner),
        _seq("emit", _maybe(_complex(dialect, depth - 1)), _maybe("=>", port)),
        _matches(dialect, depth, body, True),
        _loops(dialect, depth, body),
        st.sampled_from(_HEREDOCS),
    )


_docs: Text = st.lists(st.sampled_from(["##\n", "## Docs\n", "##  indented\n"]), max_size=2).map(
    _BOUNDARY.join
)
_module_docs: Text = st.lists(st.sampled_from(["###\n", "### Docs\n"]), max_size=2).map(_BOUNDARY.join)
_parameters: Text = st.one_of(
    _seq("(", _several(_names, least=0), ")"),
    _seq("(", _several(_names), ",", ".", ".", ".", ")"),
    st.just(_BOUNDARY.join(["(", ".", ".", ".", ")"])),
)
_uses: Text = _seq("use", _paths_of_names, _maybe("as", _names))


@cache
def _functions(dialect: str, depth: int) -> Text:
    effectors = _several(_statements(dialect, depth - 1), most=2)
    elements = _several(_elements(dialect, depth - 1, dialect != "0.9"))
    case = _seq("case", "(", elements, ")", _guards(dialect, depth), "=>", effectors)
    cases = _several(case, separator="", least=0, most=2).map(_without_empty)
    closed = _seq("(", _several(_names, least=0), ")")
    return st.one_of(
        _seq("fn", _names, _parameters, "with", _bodies(dialect, depth - 1), "end"),
        _seq("fn", _names, closed, "of", cases, "default", "=>", effectors, "end"),
    )


@cache
def _declarations(dialect: str, depth: int) -> Text:
    const = _seq(_docs, "const", _names, "=", _primaries(dialect, depth))
    intrinsic = _seq(_docs, "intrinsic", "fn", _names, _parameters, "as", _names, "::", _names)
    found = [const, intrinsic, _uses]
    if depth > 0:
        found.append(_seq(_docs, _functions(dialect, depth)))
        items = _several(_declarations(dialect, depth - 1), separator=";", trailing=True)
        found.append(_seq("mod", _names, "with", _module_docs, _ended(items), "end"))
    return st.one_of(found)


def _ended(statements: Text) -> Text:
    """``use`` needs a ``;``, also where it is the last one."""
    return statements.map(lambda text: text if text.endswith(";") else f"{text}{_BOUNDARY};")


@cache
def _bodies(dialect: str, depth: int) -> Text:
    top = st.one_of(_statements(dialect, depth), _statements(dialect, depth), _declarations(dialect, depth))
    many = _ended(_several(top, separator=";"))
    return many | _statements(dialect, depth)


# Queries


@cache
def _definitions(dialect: str, depth: int) -> Text:
    value = _expressions(dialect, depth)
    parameters = _several(_seq(_names, "=", value), trailing=True)
    tail = _maybe("with", parameters, "end")
    kind = st.sampled_from(["tumbling", "sliding"])
    return st.one_of(
        _seq("define", kind, "window", _names, "with", parameters, _maybe("script", value), "end"),
        _seq("define", _names, "::", _names, "operator", _names, tail),
        _seq(
            "define", "script", _names, _maybe("with", parameters), "script", _bodies(dialect, depth), "end"
        ),
    )


@cache
def _query_statements(dialect: str, depth: int) -> Text:
    value, expression = _complex(dialect, depth), _expressions(dialect, depth)
    parameters = _several(_seq(_names, "=", expression), trailing=True)
    port = _seq(_names, _maybe("/", _names))
    each = _seq("each", "(", expression, ")")
    groups = st.one_of(expression, each, _seq("set", "(", _several(expression | each, trailing=True), ")"))
    items = _several(_definitions(dialect, depth) | _declarations(dialect, 0), separator=";", most=2)
    select = _seq(
        "select", value, "from", port, _maybe("[", _several(_paths_of_names, trailing=True), "]"),
        _maybe("where", value), _maybe("group", "by", groups), "into", port, _maybe("having", value),
    )  # fmt: skip
    kind = st.sampled_from(["operator", "script"])
    return st.one_of(
        select,
        select,
        _definitions(dialect, depth),
        _seq("create", "stream", _names),
        _seq("create", kind, _names, _maybe("from", _paths_of_names), _maybe("with", parameters, "end")),
        _seq("mod", _names, "with", _module_docs, _ended(items), "end"),
        _uses,
    )


# What others use


def _space(draw: st.DrawFn, texts: Text) -> str:
    """Blanks, newlines and comments between the tokens; now and then none of them."""
    tokens = draw(texts).split(_BOUNDARY)
    gaps = draw(st.lists(st.sampled_from(_GAPS), min_size=1, max_size=8))
    return "".join(token + gaps[index % len(gaps)] for index, token in enumerate(tokens))


@st.composite
def expressions(draw: st.DrawFn, dialect: str = "0.11", depth: int = _DEPTH) -> str:
    """Expressions without effects, ``match`` and ``for`` among them."""
    return draw(_complex(dialect, depth)).replace(_BOUNDARY, " ")


@st.composite
def patterns(draw: st.DrawFn, dialect: str = "0.11", depth: int = _DEPTH) -> str:
    """What stands after ``case`` in a ``match`` that is a statement."""
    return draw(_case_patterns(dialect, depth, True)).replace(_BOUNDARY, " ")


@st.composite
def scripts(draw: st.DrawFn, dialect: str = "0.11", depth: int = _DEPTH) -> str:
    """Whole scripts."""
    return _space(draw, _seq(_module_docs, _bodies(dialect, depth)))


@st.composite
def queries(draw: st.DrawFn, dialect: str = "0.11", depth: int = 2) -> str:
    """Whole queries."""
    config = st.lists(_seq("#!config ", _names, "=", _expressions(dialect, 0)), max_size=2).map(
        _BOUNDARY.join
    )
    statements = _ended(_several(_query_statements(dialect, depth), separator=";"))
    return _space(draw, _seq(_module_docs, config, statements))
