"""Particles, how they lie to each other, and series of their images."""
