"""The JSON API: the same actions and queries as the pages, for programs that bring a token."""
