"""What programs log: Java, Ruby on Rails, data bases, load balancers, Amazon's services."""

from __future__ import annotations

from typing import Final

__all__ = ["SERVICES"]

_JAVA: Final = {
    "JAVACLASS": r"(?:[A-Za-z$_][\w$]*\.)*[A-Za-z$_][\w$]*",
    "JAVAFILE": r"[\w$ .-]+",
    "JAVAMETHOD": r"(?:<(?:cl)?init>|[A-Za-z$_][\w$]*)",
    "JAVASTACKTRACEPART": (
        r"\s*at %{JAVACLASS:class}\.%{JAVAMETHOD:method}\(%{JAVAFILE:file}(?::%{NUMBER:line})?\)"
    ),
    "JAVATHREAD": r"(?:[A-Z]{2}-Processor[0-9]+)",
    "JAVALOGMESSAGE": r".*",
    "CATALINA_DATESTAMP": r"%{MONTH} %{MONTHDAY}, [0-9]{4} %{HOUR}:?%{MINUTE}(?::?%{SECOND}) (?:AM|PM)",
    "TOMCAT_DATESTAMP": (
        r"[0-9]{4}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:?%{MINUTE}(?::?%{SECOND})(?: %{ISO8601_TIMEZONE})?"
    ),
    "CATALINALOG": r"%{CATALINA_DATESTAMP:timestamp} %{JAVACLASS:class} %{JAVALOGMESSAGE:logmessage}",
    "TOMCATLOG": (
        r"%{TOMCAT_DATESTAMP:timestamp} \| %{LOGLEVEL:level} \| %{JAVACLASS:class} - %{JAVALOGMESSAGE:logmessage}"
    ),
}

_RUBY: Final = {
    "RUBY_LOGLEVEL": r"(?:DEBUG|INFO|WARN|ERROR|FATAL|UNKNOWN)",
    "RUBY_LOGGER": (
        r"[DIWEFU], \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:pid}\] +%{RUBY_LOGLEVEL:loglevel} -- +"
        r"%{DATA:progname}: %{GREEDYDATA:message}"
    ),
    "RUUID": r"[[:xdigit:]]{32}",
    "RCONTROLLER": r"(?P<controller>[^#]+)#(?P<action>\w+)",
    "RAILS3HEAD": (
        r'Started %{WORD:verb} "%{URIPATHPARAM:request}" for %{IPORHOST:clientip} at '
        r"(?P<timestamp>%{TIMESTAMP_ISO8601}|%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{TIME} [+-][0-9]{4})"
    ),
    "RPROCESSING": r"Processing by %{RCONTROLLER} as (?P<format>\S+)",
    "RAILS3FOOT": r"Completed %{NUMBER:response} %{DATA} in %{NUMBER:totalms}ms(?: %{RAILS3PROFILE})?",
    "RAILS3PROFILE": r"\((?:Views: %{NUMBER:viewms}ms)?(?: \| )?(?:ActiveRecord: %{NUMBER:activerecordms}ms)?.*?\)",
}

_DATA_BASES: Final = {
    "REDISTIMESTAMP": r"%{MONTHDAY} %{MONTH} (?:[0-9]{4} )?%{TIME}",
    "REDISLOG": r"\[%{POSINT:pid}\] %{REDISTIMESTAMP:timestamp} [*#.-] %{GREEDYDATA:message}",
    "REDISMONLOG": (
        r"%{NUMBER:timestamp} \[%{INT:database} %{IP:client}:%{NUMBER:port}\] "
        r'"%{WORD:command}"(?: %{GREEDYDATA:params})?'
    ),
    "POSTGRESQL": r"%{DATESTAMP:timestamp} %{TZ} %{DATA:user_id} %{GREEDYDATA:connection_id} %{POSINT:pid}",
    "MONGO_LOG": (r"%{SYSLOGTIMESTAMP:timestamp} \[%{WORD:component}\] %{GREEDYDATA:message}"),
    "MONGO_WORDDASH": r"\b[\w-]+\b",
    "MONGO_QUERY": r"\{ \{ .* \} ntoreturn: \}",
    "MONGO3_SEVERITY": r"\w",
    "MONGO3_COMPONENT": r"(?:[A-Z]+|-)",
    "MONGO3_LOG": (
        r"%{TIMESTAMP_ISO8601:timestamp} %{MONGO3_SEVERITY:severity} +%{MONGO3_COMPONENT:component} +"
        r"(?:\[%{DATA:context}\])? %{GREEDYDATA:message}"
    ),
    "MCOLLECTIVE": r"., \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:pid}\] +%{LOGLEVEL:event_level}",
    "MCOLLECTIVEAUDIT": r"%{TIMESTAMP_ISO8601:timestamp}:",
}

_HAPROXY_COUNTS: Final = (
    r"%{INT:actconn}/%{INT:feconn}/%{INT:beconn}/%{INT:srvconn}/%{NOTSPACE:retries} "
    r"%{INT:srv_queue}/%{INT:backend_queue}"
)

_HAPROXY: Final = {
    "HAPROXYTIME": r"%{HOUR:haproxy_hour}:%{MINUTE:haproxy_minute}:%{SECOND:haproxy_second}",
    "HAPROXYDATE": (
        r"%{MONTHDAY:haproxy_monthday}/%{MONTH:haproxy_month}/%{YEAR:haproxy_year}:%{HAPROXYTIME:haproxy_time}"
        r"(?:\.%{INT:haproxy_milliseconds})?"
    ),
    "HAPROXYCAPTUREDREQUESTHEADERS": r"%{DATA:captured_request_headers}",
    "HAPROXYCAPTUREDRESPONSEHEADERS": r"%{DATA:captured_response_headers}",
    "HAPROXYHTTPBASE": (
        r"%{IP:client_ip}:%{INT:client_port} \[%{HAPROXYDATE:accept_date}\] %{NOTSPACE:frontend_name} "
        r"%{NOTSPACE:backend_name}/%{NOTSPACE:server_name} "
        r"%{INT:time_request}/%{INT:time_queue}/%{INT:time_backend_connect}/%{INT:time_backend_response}"
        r"/%{NOTSPACE:time_duration} %{INT:http_status_code} %{NOTSPACE:bytes_read} "
        r"%{DATA:captured_request_cookie} %{DATA:captured_response_cookie} %{NOTSPACE:termination_state} "
        + _HAPROXY_COUNTS
        + r" (?:\{%{HAPROXYCAPTUREDREQUESTHEADERS}\} )?(?:\{%{HAPROXYCAPTUREDRESPONSEHEADERS}\} )?"
        r'"(?:<BADREQ>|%{WORD:http_verb} %{NOTSPACE:http_request}(?: HTTP/%{NUMBER:http_version})?)"?'
    ),
    "HAPROXYHTTP": (
        r"(?:%{SYSLOGTIMESTAMP:syslog_timestamp}|%{TIMESTAMP_ISO8601:timestamp8601}) %{IPORHOST:syslog_server} "
        r"%{SYSLOGPROG}: %{HAPROXYHTTPBASE}"
    ),
    "HAPROXYTCP": (
        r"(?:%{SYSLOGTIMESTAMP:syslog_timestamp}|%{TIMESTAMP_ISO8601:timestamp8601}) %{IPORHOST:syslog_server} "
        r"%{SYSLOGPROG}: %{IP:client_ip}:%{INT:client_port} \[%{HAPROXYDATE:accept_date}\] "
        r"%{NOTSPACE:frontend_name} %{NOTSPACE:backend_name}/%{NOTSPACE:server_name} "
        r"%{INT:time_queue}/%{INT:time_backend_connect}/%{NOTSPACE:time_duration} %{NOTSPACE:bytes_read} "
        r"%{NOTSPACE:termination_state} " + _HAPROXY_COUNTS
    ),
}

_AMAZON: Final = {
    "S3_REQUEST_LINE": (
        r"(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})"
    ),
    "S3_ACCESS_LOG": (
        r"%{WORD:owner} %{NOTSPACE:bucket} \[%{HTTPDATE:timestamp}\] %{IP:clientip} %{NOTSPACE:requester} "
        r"%{NOTSPACE:request_id} %{NOTSPACE:operation} %{NOTSPACE:key} "
        r'(?:"%{S3_REQUEST_LINE}"|-) (?:%{INT:response}|-) (?:-|%{NOTSPACE:error_code}) (?:%{INT:bytes}|-) '
        r"(?:%{INT:object_size}|-) (?:%{INT:request_time_ms}|-) (?:%{INT:turnaround_time_ms}|-) "
        r"(?:%{QS:referrer}|-) (?:%{QS:agent}|-) (?:-|%{NOTSPACE:version_id})"
    ),
    "ELB_URIPATHPARAM": r"%{URIPATH:path}(?:%{URIPARAM:params})?",
    "ELB_URI": r"%{URIPROTO:proto}://(?:%{USER}(?::[^@\s/]*)?@)?(?:%{URIHOST:urihost})?(?:%{ELB_URIPATHPARAM})?",
    "ELB_REQUEST_LINE": r"(?:%{WORD:verb} %{ELB_URI:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})",
    "ELB_ACCESS_LOG": (
        r"%{TIMESTAMP_ISO8601:timestamp} %{NOTSPACE:elb} %{IP:clientip}:%{INT:clientport} "
        r"(?:%{IP:backendip}:%{INT:backendport}|-) %{NUMBER:request_processing_time} "
        r"%{NUMBER:backend_processing_time} %{NUMBER:response_processing_time} (?:%{INT:response}|-) "
        r'(?:%{INT:backend_response}|-) %{INT:received_bytes} %{INT:bytes} "%{ELB_REQUEST_LINE}"'
    ),
}

SERVICES: Final = {**_JAVA, **_RUBY, **_DATA_BASES, **_HAPROXY, **_AMAZON}
