"""What operating systems and web servers log: syslog, cron, Apache, mail servers, monitors and firewalls."""

from __future__ import annotations

from typing import Final

__all__ = ["SYSTEMS"]

_SYSLOG: Final = {
    "SYSLOGTIMESTAMP": r"%{MONTH} +%{MONTHDAY} %{TIME}",
    "PROG": r"[!-Z\\^-~]+",
    "SYSLOGPROG": r"%{PROG:program}(?:\[%{POSINT:pid}\])?",
    "SYSLOGHOST": r"%{IPORHOST}",
    "SYSLOGFACILITY": r"<%{NONNEGINT:facility}\.%{NONNEGINT:priority}>",
    "SYSLOGBASE": (
        r"%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logsource} %{SYSLOGPROG}:"
    ),
    "SYSLOGBASE2": (
        r"(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp8601}) (?:%{SYSLOGFACILITY} )?"
        r"%{SYSLOGHOST:logsource}(?: %{SYSLOGPROG}:)?"
    ),
    "SYSLOGLINE": r"%{SYSLOGBASE2} %{GREEDYDATA:message}",
    "SYSLOGPAMSESSION": (
        r"%{SYSLOGBASE} (?:%{GREEDYDATA:message})?%{WORD:pam_module}\(%{DATA:pam_caller}\): session "
        r"%{WORD:pam_session_state} for user %{USERNAME:username}(?: by %{GREEDYDATA:pam_by})?"
    ),
    "CRON_ACTION": r"[A-Z ]+",
    "CRONLOG": r"%{SYSLOGBASE} \(%{USER:user}\) %{CRON_ACTION:action} \(%{DATA:message}\)",
    "SYSLOG5424PRINTASCII": r"[!-~]+",
    "SYSLOG5424PRI": r"<%{NONNEGINT:syslog5424_pri}>",
    "SYSLOG5424SD": r'(?:\[(?:[^\]"\\]|"(?:[^"\\]|\\.)*")+\])+',
    "SYSLOG5424BASE": (
        r"%{SYSLOG5424PRI}%{NONNEGINT:syslog5424_ver} +(?:%{TIMESTAMP_ISO8601:syslog5424_ts}|-) +"
        r"(?:%{IPORHOST:syslog5424_host}|-) +(?:-|%{SYSLOG5424PRINTASCII:syslog5424_app}) +"
        r"(?:-|%{SYSLOG5424PRINTASCII:syslog5424_proc}) +(?:-|%{SYSLOG5424PRINTASCII:syslog5424_msgid}) +"
        r"(?:%{SYSLOG5424SD:syslog5424_sd}|-)"
    ),
    "SYSLOG5424LINE": r"%{SYSLOG5424BASE}(?: +%{GREEDYDATA:syslog5424_msg})?",
}

_REQUEST: Final = (
    r'"(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})"'
    r" (?:%{NUMBER:response}|-) (?:%{NUMBER:bytes}|-)"
)
_HTTPD_COMMON: Final = (
    r"%{IPORHOST:clientip} %{HTTPDUSER:ident} %{HTTPDUSER:auth} \[%{HTTPDATE:timestamp}\] " + _REQUEST
)

_HTTPD: Final = {
    "HTTPDUSER": r"(?:%{EMAILADDRESS}|%{USER})",
    "COMMONAPACHELOG": _HTTPD_COMMON,
    "COMBINEDAPACHELOG": r"%{COMMONAPACHELOG} %{QS:referrer} %{QS:agent}",
    "HTTPD_COMMONLOG": _HTTPD_COMMON,
    "HTTPD_COMBINEDLOG": r"%{HTTPD_COMMONLOG} %{QS:referrer} %{QS:agent}",
    "HTTPD20_ERRORLOG": (
        r"\[%{HTTPDERROR_DATE:timestamp}\] \[%{LOGLEVEL:loglevel}\] (?:\[client %{IPORHOST:clientip}\] )?"
        r"%{GREEDYDATA:message}"
    ),
    "HTTPD24_ERRORLOG": (
        r"\[%{HTTPDERROR_DATE:timestamp}\] \[(?:%{WORD:module})?:%{LOGLEVEL:loglevel}\] "
        r"\[pid %{POSINT:pid}(?::tid %{NUMBER:tid})?\] (?:\(%{POSINT:proxy_errorcode}\)%{DATA:proxy_message}: )?"
        r"(?:\[client %{IPORHOST:clientip}:%{POSINT:clientport}\] )?(?:%{DATA:errorcode}: )?%{GREEDYDATA:message}"
    ),
    "HTTPD_ERRORLOG": r"(?:%{HTTPD20_ERRORLOG}|%{HTTPD24_ERRORLOG})",
}

_EXIM: Final = {
    "EXIM_MSGID": r"[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}",
    "EXIM_FLAGS": r"(?:<=|=>|->|\*>|\*\*|==|<>|>>)",
    "EXIM_DATE": r"%{YEAR:exim_year}-%{MONTHNUM:exim_month}-%{MONTHDAY:exim_day} %{TIME:exim_time}",
    "EXIM_PID": r"\[%{POSINT}\]",
    "EXIM_QT": r"(?:[0-9]+y)?(?:[0-9]+w)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?",
    "EXIM_REMOTE_HOST": (
        r"H=(?:%{NOTSPACE:remote_hostname} )?(?:\(%{NOTSPACE:remote_heloname}\) )?\[%{IP:remote_host}\]"
    ),
    "EXIM_INTERFACE": r"I=\[%{IP:exim_interface}\](?::%{NUMBER:exim_interface_port})",
    "EXIM_PROTOCOL": r"P=%{NOTSPACE:protocol}",
    "EXIM_MSG_SIZE": r"S=%{NUMBER:exim_msg_size}",
    "EXIM_HEADER_ID": r"id=%{NOTSPACE:exim_header_id}",
    "EXIM_SUBJECT": r"T=%{QS:exim_subject}",
}

_NAGIOS_STATE: Final = r"%{DATA:nagios_hostname};%{DATA:nagios_service};%{DATA:nagios_state}"

_NAGIOS: Final = {
    "NAGIOSTIME": r"\[%{NUMBER:nagios_epoch}\]",
    "NAGIOS_CURRENT_SERVICE_STATE": (
        r"CURRENT SERVICE STATE: "
        + _NAGIOS_STATE
        + r";%{DATA:nagios_statetype};%{DATA:nagios_statecode};%{GREEDYDATA:nagios_message}"
    ),
    "NAGIOS_CURRENT_HOST_STATE": (
        r"CURRENT HOST STATE: %{DATA:nagios_hostname};%{DATA:nagios_state};%{DATA:nagios_statetype};"
        r"%{DATA:nagios_statecode};%{GREEDYDATA:nagios_message}"
    ),
    "NAGIOS_SERVICE_ALERT": (
        r"SERVICE ALERT: "
        + _NAGIOS_STATE
        + r";%{DATA:nagios_statelevel};%{NUMBER:nagios_attempt};%{GREEDYDATA:nagios_message}"
    ),
    "NAGIOS_HOST_ALERT": (
        r"HOST ALERT: %{DATA:nagios_hostname};%{DATA:nagios_state};%{DATA:nagios_statelevel};"
        r"%{NUMBER:nagios_attempt};%{GREEDYDATA:nagios_message}"
    ),
    "NAGIOSLOGLINE": (
        r"%{NAGIOSTIME} (?:%{NAGIOS_CURRENT_SERVICE_STATE}|%{NAGIOS_CURRENT_HOST_STATE}|%{NAGIOS_SERVICE_ALERT}"
        r"|%{NAGIOS_HOST_ALERT})"
    ),
}

_FIREWALLS: Final = {
    "CISCOTIMESTAMP": r"%{MONTH} +%{MONTHDAY}(?: %{YEAR})? %{TIME}",
    "CISCOTAG": r"[0-9A-Z]+-%{INT}-(?:[0-9A-Z_]+)",
    "CISCO_TAGGED_SYSLOG": (
        r"(?:<%{POSINT:syslog_pri}>)?%{CISCOTIMESTAMP:timestamp}(?: %{SYSLOGHOST:sysloghost})? ?: "
        r"%%{CISCOTAG:ciscotag}:"
    ),
    "CISCO_ACTION": (
        r"(?:Built|Teardown|Deny|Denied|denied|requested|permitted|denied by ACL|discarded|est-allowed|Dropping"
        r"|created|deleted)"
    ),
    "CISCO_DIRECTION": r"(?:[Ii]nbound|[Oo]utbound)",
    "CISCO_REASON": r"(?:[A-Z][a-z]+|[A-Z]{2,})(?: [A-Za-z0-9-]+)*",
    "SHOREWALL": (
        r"%{SYSLOGTIMESTAMP:timestamp} %{WORD:nf_host} kernel:.*Shorewall:%{WORD:nf_action1}?:%{WORD:nf_action2}?.*"
        r"IN=(?:%{USERNAME:nf_in_interface})?.*(?:OUT= *MAC=(?:%{COMMONMAC:nf_dst_mac}):(?:%{COMMONMAC:nf_src_mac})?"
        r"|OUT=%{USERNAME:nf_out_interface}).*SRC=%{IPV4:nf_src_ip}.*DST=%{IPV4:nf_dst_ip}.*LEN=%{INT:nf_len}.*"
        r"PROTO=%{WORD:nf_protocol}.*SPT=%{INT:nf_src_port}.*DPT=%{INT:nf_dst_port}"
    ),
}

SYSTEMS: Final = {**_SYSLOG, **_HTTPD, **_EXIM, **_NAGIOS, **_FIREWALLS}
