"""Queries: selects, windows and nodes as operators of a `pipelines.Graph`."""
