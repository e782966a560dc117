"""What codecs share or build on: JSON engines and their checks, line formats, syslog."""
