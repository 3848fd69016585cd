"""Reads of monitoring, by what they answer; the first argument is always the viewer."""
