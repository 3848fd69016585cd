"""Pages of monitoring, by what they show."""
