"""The function library: one file a module. Importing this fills `function.FUNCTIONS`."""
