"""What preprocessors and postprocessors share: separators, length prefixes, compression, GELF."""
