"""Pure parsers of tool output that agent and server both need."""
