"""Numbers, words, addresses, paths and times."""

from __future__ import annotations

from typing import Final

__all__ = ["BASICS"]

_WORDS: Final = {
    "USERNAME": r"[\w.-]+",
    "USER": r"%{USERNAME}",
    "EMAILLOCALPART": r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*",
    "EMAILADDRESS": r"%{EMAILLOCALPART}@%{HOSTNAME}",
    "WORD": r"\w+",
    "NOTSPACE": r"\S+",
    "SPACE": r"\s*",
    "DATA": r".*?",
    "GREEDYDATA": r".*",
    "QUOTEDSTRING": r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)""",
    "QS": r"%{QUOTEDSTRING}",
    "UUID": r"[[:xdigit:]]{8}(?:-[[:xdigit:]]{4}){3}-[[:xdigit:]]{12}",
    "LOGLEVEL": (
        r"(?i:\b(?:trace|debug|notice|info(?:rmation)?|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|severe"
        r"|alert|emerg(?:ency)?)\b)"
    ),
}

_NUMBERS: Final = {
    "INT": r"[+-]?[0-9]+",
    "BASE10NUM": r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)",
    "NUMBER": r"%{BASE10NUM}",
    "BASE16NUM": r"[+-]?(?:0[xX])?[[:xdigit:]]+",
    "BASE16FLOAT": r"[+-]?(?:0[xX])?(?:[[:xdigit:]]+(?:\.[[:xdigit:]]*)?|\.[[:xdigit:]]+)",
    "POSINT": r"\b[1-9][0-9]*\b",
    "NONNEGINT": r"\b[0-9]+\b",
}

_GROUP_6: Final = "[[:xdigit:]]{1,4}"
_TAIL_6: Final = rf"(?::{_GROUP_6})"

_NETWORK: Final = {
    "CISCOMAC": r"[[:xdigit:]]{4}(?:\.[[:xdigit:]]{4}){2}",
    "WINDOWSMAC": r"[[:xdigit:]]{2}(?:-[[:xdigit:]]{2}){5}",
    "COMMONMAC": r"[[:xdigit:]]{2}(?::[[:xdigit:]]{2}){5}",
    "MAC": r"(?:%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC})",
    # One alternative for each number of groups before the double colon, none of them first.
    "IPV6": (
        rf"(?:(?:{_GROUP_6}:){{7}}{_GROUP_6}"
        rf"|(?:{_GROUP_6}:){{6}}(?:%{{IPV4}}|{_TAIL_6}|:)"
        + "".join(
            rf"|(?:{_GROUP_6}:){{{before}}}(?:(?::{_GROUP_6}){{0,{max(5 - before, 0)}}}:%{{IPV4}}"
            rf"|{_TAIL_6}{{1,{7 - before}}}|:)"
            for before in range(5, 0, -1)
        )
        + rf"|(?:{_GROUP_6}:){{7}}:"
        rf"|:(?:(?::{_GROUP_6}){{0,5}}:%{{IPV4}}|{_TAIL_6}{{1,7}}|:))(?:%[0-9A-Za-z]+)?"
    ),
    "IPV4": (r"\b(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})(?:\.(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})){3}\b"),
    "IP": r"(?:%{IPV6}|%{IPV4})",
    "HOSTNAME": r"\b[0-9A-Za-z][0-9A-Za-z_-]{0,62}(?:\.[0-9A-Za-z][0-9A-Za-z_-]{0,62})*\.?",
    "HOST": r"%{HOSTNAME}",
    "IPORHOST": r"(?:%{IP}|%{HOSTNAME})",
    "HOSTPORT": r"%{IPORHOST}:%{POSINT}",
}

_PATHS: Final = {
    "UNIXPATH": r"(?:/[^\s/\x00]*)+",
    "TTY": r"/dev/(?:pts|tty[a-z]*)/?[0-9A-Za-z]*",
    "WINPATH": r"(?:[A-Za-z]:|\\)(?:\\[^\\/:*?\x22<>|\r\n]*)+",
    "PATH": r"(?:%{UNIXPATH}|%{WINPATH})",
    "URN": r"urn:[0-9A-Za-z][0-9A-Za-z-]{0,31}:(?:[0-9A-Za-z()+,.:=@;$_!*'/?#-]|%[[:xdigit:]]{2})+",
    "URIPROTO": r"[A-Za-z][0-9A-Za-z+.-]*",
    "URIHOST": r"%{IPORHOST}(?::%{POSINT})?",
    "URIPATH": r"(?:/[0-9A-Za-z$.+!*'(){},~:;=@#%&_\[\]|^\\-]*)+",
    "URIQUERY": r"[0-9A-Za-z$.+!*'|(){},~@#%&/=:;_?\[\]<>^\\-]*",
    "URIPARAM": r"\?%{URIQUERY}",
    "URIPATHPARAM": r"%{URIPATH}(?:%{URIPARAM})?",
    "URI": r"%{URIPROTO}://(?:%{USER}(?::[^@\s/]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?",
}

_TIMES: Final = {
    "MONTH": (
        r"\b(?:[Jj]an(?:uary)?|[Ff]eb(?:ruary)?|[Mm]ar(?:ch)?|[Aa]pr(?:il)?|[Mm]ay|[Jj]une?|[Jj]uly?|[Aa]ug(?:ust)?"
        r"|[Ss]ep(?:t(?:ember)?)?|[Oo]ct(?:ober)?|[Nn]ov(?:ember)?|[Dd]ec(?:ember)?)\b"
    ),
    "MONTHNUM": r"(?:1[0-2]|0?[1-9])",
    "MONTHNUM2": r"(?:1[0-2]|0[1-9])",
    "MONTHDAY": r"(?:3[01]|[12][0-9]|0?[1-9])",
    "DAY": (
        r"(?:[Mm]on(?:day)?|[Tt]ue(?:sday)?|[Ww]ed(?:nesday)?|[Tt]hu(?:rsday)?|[Ff]ri(?:day)?|[Ss]at(?:urday)?"
        r"|[Ss]un(?:day)?)"
    ),
    "YEAR": r"(?:[0-9]{4}|[0-9]{2})",
    "HOUR": r"(?:2[0-3]|[01]?[0-9])",
    "MINUTE": r"[0-5][0-9]",
    "SECOND": r"(?:60|[0-5]?[0-9])(?:[.,:][0-9]+)?",
    "TIME": r"\b%{HOUR}:%{MINUTE}(?::%{SECOND})?",
    "DATE_US": r"%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}",
    "DATE_EU": r"%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}",
    "DATE": r"(?:%{DATE_US}|%{DATE_EU})",
    "DATESTAMP": r"%{DATE}[- ]%{TIME}",
    "ISO8601_TIMEZONE": r"(?:Z|[+-]%{HOUR}:?%{MINUTE})",
    "ISO8601_SECOND": r"%{SECOND}",
    "ISO8601_HOUR": r"(?:2[0-3]|[01][0-9])",
    "TIMESTAMP_ISO8601": (
        r"%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?(?:%{ISO8601_TIMEZONE})?"
    ),
    "TZ": r"(?:UTC|GMT|[A-Z]{1,4}T)",
    "DATESTAMP_RFC822": r"%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}",
    "DATESTAMP_RFC2822": r"%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} (?:%{ISO8601_TIMEZONE}|%{TZ})",
    "DATESTAMP_OTHER": r"%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}",
    "DATESTAMP_EVENTLOG": r"[0-9]{4}%{MONTHNUM2}(?:3[01]|[12][0-9]|0[1-9])%{ISO8601_HOUR}[0-5][0-9][0-5][0-9]",
    "HTTPDERROR_DATE": r"%{DAY} %{MONTH} +%{MONTHDAY} %{TIME} [0-9]{4}",
    "HTTPDATE": r"%{MONTHDAY}/%{MONTH}/[0-9]{4}:%{TIME} [+-][0-9]{4}",
}

BASICS: Final = {**_WORDS, **_NUMBERS, **_NETWORK, **_PATHS, **_TIMES}
