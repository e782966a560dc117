"""Our own codecs, one file each; dropping a file in here adds one."""
