"""Our own postprocessors, one file each; dropping a file in here adds one."""
