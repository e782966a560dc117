"""What the connectors that read and write files share: archives, following a file, rotation."""
