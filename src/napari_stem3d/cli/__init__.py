"""`stem3d`: the whole product without a window, one command for every widget's job."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from ._app import app, prepare

    prepare()
    app(prog_name="stem3d")


__all__ = ["main"]
