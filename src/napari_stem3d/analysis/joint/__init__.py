"""One body fitted to all images that show it, and whether they do."""
