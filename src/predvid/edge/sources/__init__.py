"""Where readings come from: one file per operating system or protocol."""
