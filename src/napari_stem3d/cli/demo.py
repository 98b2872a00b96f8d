"""`stem3d demo`."""


def demo() -> None:
    """The main job end to end on a sample."""
