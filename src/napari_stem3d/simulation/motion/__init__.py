"""Orientations, and how they change in time."""
