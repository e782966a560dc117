"""The extractors: one file each. Importing this fills `extractor.EXTRACTORS`."""
