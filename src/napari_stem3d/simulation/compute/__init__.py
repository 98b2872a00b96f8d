"""Random numbers and filters of image stacks, compiled."""
