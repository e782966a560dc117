"""``grok``: named patterns, the lines that they are for, and the engine behind look-around."""

from pathlib import Path

import pytest

from pipelines.language.extractors import grok
from pipelines.language.extractors.extractor import BadExtractor, make_extractor
from pipelines.language.extractors.grok_patterns import PATTERNS
from pipelines.language.values import MISSING
from tests.language.extracting import OCCASION, extract, refusal


@pytest.mark.parametrize(
    ("text", "string", "record"),
    [
        ("plain", "in plain sight", {}),
        ("%{WORD}", "plain", {}),
        ("%{WORD:a} %{INT:n}", "- size -12 -", {"a": "size", "n": "-12"}),
        ("^%{WORD:a}$", "one\ntwo\n", {"a": "one"}),
        ("(?<a>x)|(?P<b>y)", "y", {"a": "", "b": "y"}),
        ("%{INT:n}|%{WORD:w}", "word", {"n": "", "w": "word"}),
        ("%{INT:n}(?:,%{INT:n})?", "1,2", {"n": "2"}),
        ("%{INT:n}(?:,%{INT:n})?", "1", {"n": "1"}),
        ("%{INT:the number}", "1", {"the number": "1"}),
        ("%{INT:a.b}", "1", {"a.b": "1"}),
        (r"\%{2}\d", "%%1", {}),
        ("%{ID:id=[a-f]{3}-\\d+} %{ID}", "x abc-1 fed-22", {"id": "abc-1"}),
        ("%{PAIR:p=%{WORD:k}=%{INT:v}}", "a=1", {"p": "a=1", "k": "a", "v": "1"}),
        ("%{INT:n=[0-9]}", "77", {"n": "7"}),
        ("%{WORD:w}", "größe", {"w": "größe"}),
        ("%{WORD:w}", "--", MISSING),
    ],
)
def test_names_stand_for_patterns_and_fields_are_stored(text: str, string: str, record: object) -> None:
    assert extract("grok", text, string) == record


WHOLE = {
    "INT": (["1", "-12", "+3"], ["", "1.5", "a"]),
    "NUMBER": (["1", "1.5", "-.5"], ["1.", "1e5", "a"]),
    "BASE16NUM": (["0xdeadBEEF", "ff"], ["0x", "g"]),
    "POSINT": (["1", "10"], ["0", "-1"]),
    "NONNEGINT": (["0", "10"], ["-1"]),
    "NOTSPACE": (["a-b"], ["a b", ""]),
    "DATA": (["", "a b"], ["a\nb"]),
    "QUOTEDSTRING": (['"a \\" b"', "'a'", "`a`", '""'], ['"a', "a", '"a"b"']),
    "UUID": (["123e4567-e89b-12d3-a456-426614174000"], ["123e4567e89b12d3a456426614174000"]),
    "LOGLEVEL": (["WARN", "warning", "Error", "FATAL"], ["loud", ""]),
    "USERNAME": (["ada.l-9_"], ["a b", ""]),
    "EMAILADDRESS": (["ada+x@example.org"], ["ada", "@example.org"]),
    "MAC": (["00:1b:44:11:3a:b7", "00-1B-44-11-3A-B7", "001b.4411.3ab7"], ["00:1b:44:11:3a"]),
    "IPV4": (["0.0.0.0", "192.168.1.255"], ["256.1.1.1", "1.2.3", "1.2.3.4.5"]),
    "IPV6": (
        ["::", "::1", "1::", "2001:db8::1", "1:2:3:4:5:6:7:8", "fe80::1%eth0", "::ffff:1.2.3.4", "1:2:3:4:5:6:7::",
         "1::3:4:5:6:7:8", "1:2:3:4:5:6::", "1:2:3:4:5:6:1.2.3.4", "1::2:1.2.3.4"],
        ["1", "1:2", ":::", "1::2::3", "12345::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"],
    ),
    "IP": (["10.0.0.1", "::1"], ["example.org"]),
    "HOSTNAME": (["a", "www.example.org", "db-1_x"], ["-a", "a..b", ""]),
    "HOSTPORT": (["example.org:80", "10.0.0.1:443"], ["example.org"]),
    "UNIXPATH": (["/", "/var/log/x.log"], ["var", "/a b"]),
    "WINPATH": (["C:\\a\\b.txt"], ["C:/a"]),
    "URIPATHPARAM": (["/a/b?c=d&e=%20", "/"], ["a", "/a b"]),
    "URI": (["https://u:p@example.org:8080/a?b#c", "file:///etc/x", "ftp://h"], ["example.org/a"]),
    "MONTH": (["Jan", "december", "Sept"], ["Foo", "Janu"]),
    "DAY": (["Mon", "Thursday"], ["Foo"]),
    "MONTHNUM": (["1", "09", "12"], ["0", "13"]),
    "MONTHDAY": (["1", "09", "31"], ["0", "32"]),
    "HOUR": (["0", "09", "23"], ["24"]),
    "TIME": (["12:59", "1:00:59.123"], ["12", "24:00", "12:60"]),
    "DATE": (["12/31/2020", "31.12.20"], ["2020/12/31"]),
    "TIMESTAMP_ISO8601": (
        ["2020-12-31T23:59:59.123Z", "2020-12-31 23:59+01:00", "2020-12-31T23:59:59-0100"], ["2020-12-31"]
    ),
    "DATESTAMP_RFC2822": (["Mon, 15 Aug 2005 15:52:01 +0000", "Mon, 15 Aug 2005 15:52:01 UTC"], ["Mon 15 Aug"]),
    "DATESTAMP_EVENTLOG": (["20201231235959"], ["20201331235959"]),
    "HTTPDATE": (["10/Oct/2000:13:55:36 -0700"], ["10/Oct/2000"]),
    "SYSLOGTIMESTAMP": (["Oct 11 22:14:15", "Oct  1 22:14:15"], ["2020-10-11"]),
    "JAVACLASS": (["org.example.Main$Inner"], ["org..x", "1a"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_pattern_matches_what_its_name_says(name: str) -> None:
    matching, others = WHOLE[name]
    extractor = make_extractor("grok", f"\\A(?:%{{{name}}})\\z")
    assert [string for string in matching if not extractor.matches(string)] == []
    assert [string for string in others if extractor.matches(string)] == []


LINES = [
    (
        "%{COMBINEDAPACHELOG}",
        '203.0.113.9 - ada [10/Oct/2000:13:55:36 -0700] "GET /x.gif?a=b HTTP/1.1" 200 2326 "http://a.example/" "B 4"',
        {"clientip": "203.0.113.9", "ident": "-", "auth": "ada", "timestamp": "10/Oct/2000:13:55:36 -0700",
         "verb": "GET", "request": "/x.gif?a=b", "httpversion": "1.1", "rawrequest": "", "response": "200",
         "bytes": "2326", "referrer": '"http://a.example/"', "agent": '"B 4"'},
    ),
    (
        "%{COMMONAPACHELOG}",
        'host.example - - [10/Oct/2000:13:55:36 -0700] "nonsense" 400 -',
        {"clientip": "host.example", "ident": "-", "auth": "-", "timestamp": "10/Oct/2000:13:55:36 -0700", "verb": "",
         "request": "", "httpversion": "", "rawrequest": "nonsense", "response": "400", "bytes": ""},
    ),
    (
        "%{HTTPD24_ERRORLOG}",
        "[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708:tid 4328] [client 192.0.2.1:5000] no such file",
        {"timestamp": "Fri Sep 09 10:42:29.902022 2011", "module": "core", "loglevel": "error", "pid": "35708",
         "tid": "4328", "proxy_errorcode": "", "proxy_message": "", "clientip": "192.0.2.1", "clientport": "5000",
         "errorcode": "", "message": "no such file"},
    ),
    (
        "%{SYSLOGBASE} %{GREEDYDATA:message}",
        "Oct 11 22:14:15 mymachine su[77]: failed for lonvick",
        {"timestamp": "Oct 11 22:14:15", "facility": "", "priority": "", "logsource": "mymachine", "program": "su",
         "pid": "77", "message": "failed for lonvick"},
    ),
    (
        "^%{SYSLOG5424LINE}$",
        '<165>1 2003-10-11T22:14:15.003Z mymachine.example evntslog - ID47 [a@1 b="c\\]"][d] it happened',
        {"syslog5424_pri": "165", "syslog5424_ver": "1", "syslog5424_ts": "2003-10-11T22:14:15.003Z",
         "syslog5424_host": "mymachine.example", "syslog5424_app": "evntslog", "syslog5424_proc": "",
         "syslog5424_msgid": "ID47", "syslog5424_sd": '[a@1 b="c\\]"][d]', "syslog5424_msg": "it happened"},
    ),
    (
        "%{JAVASTACKTRACEPART}",
        "\tat org.example.Main.run(Main.java:42)",
        {"class": "org.example.Main", "method": "run", "file": "Main.java", "line": "42"},
    ),
    (
        "%{REDISLOG}",
        "[4018] 14 Nov 07:01:22.119 * Background saving terminated",
        {"pid": "4018", "timestamp": "14 Nov 07:01:22.119", "message": "Background saving terminated"},
    ),
    (
        "%{MONGO3_LOG}",
        "2014-11-03T18:28:32.450-0500 I NETWORK [initandlisten] waiting",
        {"timestamp": "2014-11-03T18:28:32.450-0500", "severity": "I", "component": "NETWORK",
         "context": "initandlisten", "message": "waiting"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "record"), LINES)
def test_a_pattern_for_lines_of_a_log_takes_one_apart(text: str, line: str, record: dict[str, str]) -> None:
    assert extract("grok", text, line) == record


def test_all_patterns_need_only_linear_time() -> None:
    assert len(PATTERNS) > 150
    for name in PATTERNS:
        assert isinstance(make_extractor("grok", f"%{{{name}}}")._engine, grok._Linear), name  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "string", "record"),
    [
        (r"(?<=user )%{WORD:name}(?! x)", "for user ada", {"name": "ada"}),
        (r"(?>a+)%{INT:n}", "aa5", {"n": "5"}),
        (r"(?<q>['\"])%{DATA:text}(?:\b)(?=\W)(?<r>['\"])", "say 'x'", {"q": "'", "text": "x", "r": "'"}),
        (r"^(?=b)%{WORD:w}$", "a\nb", {"w": "b"}),
        (r"(?=x)%{IP:ip}|%{WORD:w}", "w", {"ip": "", "w": "w"}),
        (r"(?=x)x", "y" * 200_000 + "x", MISSING),
    ],
)
def test_look_around_and_atomic_groups_run_on_the_other_engine(
    text: str, string: str, record: object
) -> None:
    assert isinstance(make_extractor("grok", text)._engine, grok._Backtracking)  # type: ignore[attr-defined]
    assert extract("grok", text, string) == record


def test_what_takes_too_long_there_does_not_match() -> None:
    extractor = make_extractor("grok", r"(?=a)(?:a|aa|aaa)*(?:a|aa)*[^a]{2}")
    assert extractor.matches("a" * 80 + "bb")
    assert not extractor.matches("a" * 5000 + "b")
    assert extractor.extract("a" * 5000 + "b", OCCASION) is MISSING


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("%{NUMBR:x}", "no grok pattern `NUMBR`; did you mean `NUMBER`?"),
        ("%{XYZZY}", "define it"),
        ("ab%{WORD", "`%{` at character 3"),
        ("%{A:x=%{}}", "`%{` at character 1"),
        ("%{INT:n:int}", "leave the type out"),
        ("%{A:x=a%{A}}", "refers to itself: A → A"),
        ("%{A:x=%{B:y=%{A}}}", "`%{` at character 1"),
        ("(", "missing )"),
        ("(?=a", "cannot be used"),
        ("x" * 10_001, "at most 10000"),
        ("%{GREEDYDATA}" * 700 + "%{IPV6}" * 100, "longer than 100000"),
    ],
)
def test_a_bad_pattern_is_refused(text: str, reason: str) -> None:
    assert reason in refusal("grok", text)


@pytest.fixture
def _patterns_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grok, "_patterns", dict(PATTERNS))


@pytest.mark.usefixtures("_patterns_as_before")
def test_a_file_adds_patterns(tmp_path: Path) -> None:
    path = tmp_path / "own.patterns"
    path.write_text("# ours\n\nTICKET [A-Z]+-%{INT:number}\n  PAIR   %{TICKET:a} %{TICKET:b}  \nINT [0-9]\n")
    assert grok.load_patterns(path) == 3
    assert extract("grok", "%{PAIR}$", "see OPS-7 DEV-8") == {"a": "OPS-7", "b": "DEV-8", "number": "8"}


@pytest.mark.usefixtures("_patterns_as_before")
def test_a_file_of_patterns_that_refer_to_each_other_without_end_is_refused_in_use(tmp_path: Path) -> None:
    path = tmp_path / "own.patterns"
    path.write_text(
        "A0 x\n" + "".join(f"A{n} %{{A{n - 1}}}%{{A{n - 1}}}\n" for n in range(1, 40)) + "P %{Q}\nQ %{P}\n"
    )
    grok.load_patterns(path)
    assert "refers to itself: P → Q → P" in refusal("grok", "%{P}")
    assert "refers to too many others" in refusal("grok", "%{A39}")
    assert extract("grok", "^%{A3}$", "x" * 8) == {}


@pytest.mark.usefixtures("_patterns_as_before")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"GOOD x\nBAD\n", ":2 is no"),
        (b"A-B x\n", ":1 is no"),
        (b"A \xff\n", "not UTF-8 at byte 2"),
        (b"#" * 1_048_577, "too many"),
    ],
)
def test_a_bad_file_is_refused_as_a_whole(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "own.patterns"
    path.write_bytes(content)
    with pytest.raises(BadExtractor, match=reason):
        grok.load_patterns(path)
    assert grok._patterns == PATTERNS
