"""Vertical slices of the product, each with the same rooms."""
