"""The only words that agent and server share on the wire."""
