"""Bodies, and exact line integrals through them along the beam."""
