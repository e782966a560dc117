"""The canonical layout of scripts and queries: examples of each construct, and what may not change."""

from textwrap import dedent

import pytest

from pipelines.language.diagnostic import CompileError
from pipelines.language.dialect import find_dialect
from pipelines.language.format import format_source
from pipelines.language.source import Source


def _format(text: str, dialect: str = "0.11", *, query: bool = False) -> str:
    return format_source(Source("text", text), find_dialect(dialect), query=query)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a+b*c;", "a + b * c"),
        ("( a+b )*c", "(a + b) * c"),
        ("not   present event . a", "not present event.a"),
        ("- a", "-a"),
        ("a - -1", "a - -1"),
        ("- 1", "- 1"),
        ("! a", "!a"),
        ("- - a", "- -a"),
        ('[ 1,2 ,"x" , ]', '[1, 2, "x"]'),
        ('{ "a":1,"b" : {} , }', '{"a": 1, "b": {}}'),
        ("event [ 1:2 ] . `a` [ x ]", "event[1:2].a[x]"),
        ("$ a . b", "$a.b"),
        ("a :: b :: f ( 1 ,2, )", "a::b::f(1, 2)"),
        ("recur( a - 1 , )", "recur(a - 1)"),
        ("<<1:4,x/binary>>", "<< 1:4, x/binary >>"),
        ("<< >>", "<< >>"),
        ("merge a of b end", "merge a of b end"),
        (
            'patch a of insert "x"=>1,erase "y",merge=>b end',
            'patch a of insert "x" => 1, erase "y", merge => b end',
        ),
        ("let  a=1", "let a = 1"),
        ('emit  a=>"out"', 'emit a => "out"'),
        ("drop ;", "drop"),
        ("const a=( 1+2 )", "const a = (1 + 2);"),
        ("use a :: b  as c;", "use a::b as c;"),
        ("intrinsic  fn f(a,...) as m :: f", "intrinsic fn f(a, ...) as m::f;"),
    ],
)
def test_short_statements_stand_in_one_line(text: str, expected: str) -> None:
    assert _format(text) == expected + "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`a`", "a"),
        ("`a-b`", "a-b"),
        ("`event`", "`event`"),
        ("`a b`", "`a b`"),
        ("`_a`", "`_a`"),
        ("naïve", "naïve"),
    ],
)
def test_names_have_backticks_where_they_need_them(text: str, expected: str) -> None:
    assert _format(text) == expected + "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"\u0041\/\'"', '"A/\'"'),
        (r'"\"\\\n\t\u000a\u0007"', r'"\"\\\n\t\n\u0007"'),
        ('"a\tb"', r'"a\tb"'),
        (r'"\u007b\u0022\u0023"', r'"\u007b\u0022\u0023"'),
        (r'"#{ a+1 } \#{b} {c}"', r'"#{a + 1} \#{b} {c}"'),
        ('"#{ {"a" : 1} }"', '"#{{"a": 1}}"'),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (
            "match a of case %{b~=re |^\\\\d\\|$|} => 1 end",
            "match a of\n  case %{ b ~= re|^\\\\d\\|$| } => 1\nend",
        ),
    ],
)
def test_strings_numbers_and_extractors_keep_their_meaning(text: str, expected: str) -> None:
    assert _format(text) == expected + "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"{ a+1 } {{b}} \\{c\\}"', '"{a + 1} {{b}} \\{c\\}"'),
        ('"{ {"a" : 1} }"', '"{ {"a": 1} }"'),
        ("- 1", "-1"),
    ],
)
def test_the_older_dialect_is_laid_out_in_its_own_way(text: str, expected: str) -> None:
    assert _format(text, "0.9") == expected + "\n"


def test_heredocs_stay_as_they_are() -> None:
    text = 'let a = """\n  #{ b }\n "x" """;\na\n'
    assert _format(text) == text


def _is_unchanged(text: str, *, query: bool = False) -> None:
    expected = dedent(text).lstrip("\n")
    assert _format(expected, query=query) == expected
    squeezed = " ".join(line.strip() for line in expected.splitlines())
    assert _format(squeezed, query=query) == expected


def test_clauses_have_lines_of_their_own() -> None:
    _is_unchanged("""
        match event.a of
          case 1 => "one"
          case %{ present b, c == 2 } when d > 3 =>
            let e = 1,
            emit e
          case x = %(1, _, ...) => x
          default =>
            for event of
              case (k, v) => v
            end
        end
    """)


def test_functions_and_modules_have_indented_bodies() -> None:
    _is_unchanged("""
        fn f(a, b) with
          let c = a;
          c
        end;
        fn g(a) of
          case (1) when a > 0 => 2
          default => null
        end;
        mod m with
          const a = 1;
          use b;
        end;
        f(1, 2)
    """)


def test_what_is_too_long_is_broken_at_its_outermost_places() -> None:
    _is_unchanged("""
        let record = {
          "the first of the fields": event.some.path.that.has.a.length,
          "the second of the fields": [1, 2, 3],
          "the third": {"a": f(1), "b": "#{event.x}"}
        };
        let sum =
          event.some.path.that.has.a.certain.length
          + event.another.path.that.is.long * event.yet.another
          - event.the.last.path.among.them;
        let called = string::format(
          "a format for {} and {} that is not short at all",
          event.some.path.that.has.a.length,
          event.another
        );
        function({
          "a single record or list": "stays with the brackets of its call",
          "so": "that nothing is indented twice"
        });
        let merged = merge event of {
          "a": "a text that is long enough to break a line",
          "b": "and another text of that kind"
        } end;
        patch event of
          insert "the name of the first field" => "its value",
          upsert "the name of the second field" => "its value, too"
        end
    """)


def test_queries_are_laid_out() -> None:
    _is_unchanged(
        """
        #!config a = 1
        #!config b = "x"
        define tumbling window w
        with
          size = 1,
          interval = f(2)
        script
          event.a
        end;
        define generic::batch operator o;
        define script s
        with
          a = 1
        script
          let b = args.a;
          b
        end;
        create stream t;
        create operator p from m::o
        with
          c = 1
        end;
        mod m with
          const a = 1;
          define generic::batch operator o;
        end;
        select event from in/err[w, m::v] where a == 1 group by set(b, each(c)) into out/x having d;
        select {"sum": aggr::stats::sum(event.a), "count": aggr::stats::count()}
        from in
        where event.some.long.path == 1
        into out;
    """,
        query=True,
    )


def test_comments_stay_where_they_are() -> None:
    text = dedent("""
        ### What this is
        # before the first

        ## What it is for
        ## in two lines
        const a = 1; # behind
        # above
        let b = [
          1, # one
          # before two
          2
          # behind all
        ];

        # apart

        match a of
          # above a clause
          case 1 => # behind an arrow
            2

          default => 3
          # at the end of the clauses
        end;
        fn f(x) with # behind with
          x
          # at the end of the body
        end;
        a
        # the last
    """).lstrip()
    assert _format(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#a\nlet x #b\n = 1 + #c\n 2;#d\nx#e", "# a\nlet x = # b\n  1 + 2; # c # d\nx # e\n"),
        ("f(1, #one\n 2 # two\n)", "f(\n  1, # one\n  2 # two\n)\n"),
        ('[ # one\n"#{a}" # two\n, 1]', '[ # one\n  "#{a}", # two\n  1\n]\n'),
        ("[ # nothing\n]", "[ # nothing\n]\n"),
        ("[\n#nothing\n]", "[\n  # nothing\n]\n"),
        ("let x =\n #above\n f(1)", "let x =\n  # above\n  f(1)\n"),
        ('"""\n#{ a #why\n}"""', '"""\n#{ a #why\n}"""\n'),
    ],
)
def test_comments_are_kept_within_expressions(text: str, expected: str) -> None:
    assert _format(text) == expected


def test_at_most_one_empty_line_is_kept_between_statements_and_none_at_the_ends() -> None:
    assert _format("\n\n\na;\n\n\n\nb;\nc\n\n\n") == "a;\n\nb;\nc\n"
    assert _format("fn f() with\n\n\n  a;\n\n\n  b\n\n\nend") == "fn f() with\n  a;\n\n  b\nend;\n"


def test_declarations_at_the_end_have_a_semicolon_and_results_have_none() -> None:
    assert _format("const a = 1") == "const a = 1;\n"
    assert _format("a;") == "a\n"
    assert _format("select event from in into out", query=True) == "select event from in into out;\n"


def test_a_text_that_does_not_parse_is_refused_with_its_errors() -> None:
    with pytest.raises(CompileError) as caught:
        _format("let a = ;\nlet = 1")
    assert [error.line for error in caught.value.diagnostics] == [1, 2]
    with pytest.raises(CompileError):
        _format("let a = 1", query=True)
