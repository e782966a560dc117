"""From a TOML file to a checked, printable plan of what is to run."""
