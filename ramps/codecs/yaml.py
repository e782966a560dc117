"""`Yaml`: one YAML document a frame."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import Field

import pipelines.options
from ramps.codec import Codec, codecs
from ramps.errors import DecodeError, EncodeError
from ramps.formats.codec_values import find_fault
from ramps.formats.yaml_text import CoreDumper, CoreLoader, check_events

__all__ = ["Yaml"]


@codecs.register
class Yaml(Codec):
    """One document by the core schema of YAML 1.2: ``no`` is text, ``1:30`` is text, keys must be text.

    ``!!binary`` is ``bytes``; NaN and infinities are carried; other tags and merge keys have no meaning. Aliases are
    followed within limits, and never written.
    """

    name = "yaml"
    summary = "One YAML document per frame (the core schema of YAML 1.2)."
    example = 'codec = "yaml"'
    content_types = ("application/yaml",)

    class Options(pipelines.options.Options):
        """Options of `Yaml`."""

        max_depth: int = Field(
            64, ge=1, le=100, description="levels of nesting beyond which a value is refused"
        )
        max_nodes: int = Field(
            100_000,
            ge=1,
            description="values in one document, those behind aliases included, beyond which it is refused",
        )

    options: Options

    def decode(self, frame: bytes) -> Any:
        """The document's value; ``None`` for an empty one. Raises `DecodeError`."""
        try:
            text = frame.decode()
        except UnicodeDecodeError as error:
            raise DecodeError(f"not UTF-8: {error.reason} at byte {error.start}", error.start) from None
        try:
            check_events(text, max_depth=self.options.max_depth, max_nodes=self.options.max_nodes)
            value = yaml.load(text, Loader=CoreLoader)
        except yaml.YAMLError as error:
            raise DecodeError(f"not YAML: {' '.join(str(error).split())[:300]}") from None
        except ValueError as error:
            raise DecodeError(f"not YAML: {error}") from None
        fault = find_fault(value, self.options.max_depth, with_bytes=True, with_nan=True)
        if fault is not None:
            raise DecodeError(f"the document is no event: {fault}")
        return value

    def encode(self, value: Any) -> bytes:
        """The document, without a line break at the end. Raises `EncodeError`."""
        fault = find_fault(value, self.options.max_depth, with_bytes=True, with_nan=True)
        if fault is not None:
            raise EncodeError(f"not YAML: {fault}")
        try:
            text: str = yaml.dump(
                value, Dumper=CoreDumper, allow_unicode=True, sort_keys=False, width=1 << 30
            )
        except yaml.YAMLError as error:
            raise EncodeError(f"not YAML: {' '.join(str(error).split())[:300]}") from None
        return text.removesuffix("\n").removesuffix("\n...").encode()
