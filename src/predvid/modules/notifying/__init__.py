"""Tells people of alerts: channels, routes, deliveries; sends the letters that wait in access too."""
