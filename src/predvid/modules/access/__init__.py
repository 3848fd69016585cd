"""People, roles, clients: who may see what."""
