"""Reads of automation; the viewer comes first."""
