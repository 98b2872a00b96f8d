"""Bodies fitted to images: analysis by synthesis, with the simulator's own projections."""
