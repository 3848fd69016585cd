"""The checks that ship with Predvid, one file each."""
