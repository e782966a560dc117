"""The aggregates: one file a family. Importing this fills `aggregate.AGGREGATES`."""
