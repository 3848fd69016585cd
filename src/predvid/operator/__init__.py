"""The operator's own machine: keys that never leave it, what they sign, and the way to the server."""
