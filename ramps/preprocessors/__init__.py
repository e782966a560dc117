"""Our own preprocessors, one file each; dropping a file in here adds one."""
