"""Our own operators, one file each; dropping a file in here adds one."""
