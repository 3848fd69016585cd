"""Verbs of automation, one file for each thing that is done: requests, authority, handing over, outcomes."""
