"""The shipped test kit for connectors: doubles, and the batteries that every connector must pass."""
