"""Predvid: the platform on which a managed service provider runs its Proactive support program."""

__version__ = "0.1.0"
