"""The agent and the site probe: one program, two roles."""
