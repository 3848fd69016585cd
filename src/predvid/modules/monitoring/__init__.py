"""Samples, results, alerts and events."""
