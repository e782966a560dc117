"""`Csv`: one record of comma-separated values a frame (RFC 4180)."""

from __future__ import annotations

import csv
from typing import Any

from pydantic import Field

import pipelines.options
from ramps.codec import SKIP, Codec, codecs
from ramps.errors import DecodeError, EncodeError

__all__ = ["Csv"]


class _LastLine:
    """The file that `csv.writer` writes to: keeps one line."""

    line = ""

    def write(self, line: str) -> None:
        self.line = line


@codecs.register
class Csv(Codec):
    """Records by column name: each frame is one line, each event a ``dict`` of texts.

    The names come from the option ``columns``, or else from the stream's first line, which is then no event. A blank
    line is none either. A frame that came from a splitter of lines holds no line break, so a quoted field that spans
    lines cannot be read behind one; such a field is written, in quotes, as RFC 4180 has it.

    On the way out every event needs exactly the columns; numbers, booleans and null are written as ``1``, ``true``
    and the empty field, and read back as text. No header line is written.
    """

    name = "csv"
    summary = "One record of comma-separated values per line (RFC 4180), by column name."
    example = 'codec = { name = "csv", delimiter = ";", columns = ["time", "host", "message"] }'
    content_types = ("text/csv",)
    stateful = True

    class Options(pipelines.options.Options):
        """Options of `Csv`."""

        delimiter: str = Field(
            ",", min_length=1, max_length=1, description="the character between two fields"
        )
        quote: str = Field('"', min_length=1, max_length=1, description="the character around a quoted field")
        columns: list[str] | None = Field(
            None,
            min_length=1,
            description="the columns' names, in order; without them the first line names them",
        )
        header: bool | None = Field(
            None,
            description="whether a stream begins with a header line; default: only if columns is not given",
        )
        max_columns: int = Field(1024, ge=1, description="columns beyond which a header line is refused")

        def model_post_init(self, _context: Any, /) -> None:
            """The names must come from somewhere and be different, the two characters be usable."""
            if self.columns is None and self.header is False:
                raise ValueError("without a header line, name the columns: columns = [...]")
            if self.columns is not None and len(set(self.columns)) != len(self.columns):
                raise ValueError("two columns have the same name")
            if self.delimiter == self.quote or {self.delimiter, self.quote} & {"\r", "\n", "\0", " "}:
                raise ValueError("delimiter and quote must differ, and be neither line break, NUL nor space")

    options: Options

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self._columns = self.options.columns
        header = self.options.header
        self._header_expected = self._columns is None if header is None else header
        self.stateful = self._header_expected
        self._file = _LastLine()
        self._dialect: dict[str, Any] = {
            "delimiter": self.options.delimiter,
            "quotechar": self.options.quote,
            "strict": True,
        }
        self._writer = csv.writer(self._file, lineterminator="\r\n", **self._dialect)

    def decode(self, frame: bytes) -> Any:
        """The record as a ``dict``; `SKIP` for the header and for a blank line. Raises `DecodeError`."""
        fields = self._fields(frame)
        if not fields:
            return SKIP
        if self._header_expected:
            self._read_header(fields)
            return SKIP
        columns = self._columns
        assert columns is not None
        if len(fields) != len(columns):
            many = "many" if len(fields) > len(columns) else "few"
            raise DecodeError(f"too {many} fields: {len(fields)} where there are {len(columns)} columns")
        return dict(zip(columns, fields, strict=True))

    def _read_header(self, fields: list[str]) -> None:
        if self._columns is None:
            if len(fields) > self.options.max_columns:
                raise DecodeError(
                    f"the header line has {len(fields)} columns, more than {self.options.max_columns}"
                )
            if len(set(fields)) != len(fields):
                raise DecodeError("the header line names a column twice; name them yourself: columns = [...]")
            self._columns = fields
        self._header_expected = False

    def _fields(self, frame: bytes) -> list[str]:
        try:
            line = frame.decode()
        except UnicodeDecodeError as error:
            raise DecodeError(f"not UTF-8: {error.reason} at byte {error.start}", error.start) from None
        if self._header_expected:
            # Spreadsheets mark their UTF-8 with it; it is no part of the first name.
            line = line.removeprefix("\ufeff")
        try:
            records = list(csv.reader([line], **self._dialect))
        except csv.Error as error:
            raise DecodeError(f"not CSV: {error}") from None
        if len(records) > 1:
            raise DecodeError(
                f"one frame holds {len(records)} records; put a preprocessor before it that splits lines"
            )
        return records[0] if records else []

    def encode(self, value: Any) -> bytes:
        """One line, without its line break. Raises `EncodeError`."""
        columns = self._columns
        if columns is None:
            raise EncodeError("csv does not know the columns to write; name them: columns = [...]")
        if not isinstance(value, dict):
            raise EncodeError(f"csv writes records, not values of type {type(value).__name__}")
        missing = [column for column in columns if column not in value]
        if missing or len(value) != len(columns):
            names = missing or [str(key)[:40] for key in value if key not in columns]
            word = "has no" if missing else "has more than the columns:"
            raise EncodeError(
                f"the event {word} {', '.join(names[:8])}; csv writes {', '.join(columns)[:200]}"
            )
        self._writer.writerow([_text(value[column], column) for column in columns])
        try:
            return self._file.line.removesuffix("\r\n").encode()
        except UnicodeEncodeError:
            raise EncodeError("a text holds half of a surrogate pair, which UTF-8 cannot carry") from None


def _text(value: Any, column: str) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise EncodeError(
        f"the column {column} holds a {type(value).__name__}; a field of CSV is text or a number"
    )
