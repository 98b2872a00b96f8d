"""From images to particles: where they are, and what they are."""
