"""Measurements as people read them, one form a file."""
