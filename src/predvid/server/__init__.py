"""The processes of an installation and what only they know."""
