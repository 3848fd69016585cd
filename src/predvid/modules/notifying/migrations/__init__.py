"""Migrations of the notifying module."""
