"""Our own onramps, one file each; dropping a file in here adds one."""
