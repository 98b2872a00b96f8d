"""Silence around HyperSpy, which talks to developers where we talk to users."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

LOGGERS = ("hyperspy", "rsciio", "tifffile")


@contextmanager
def quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Hold back log lines and collect warnings of HyperSpy, RosettaSciIO and tifffile."""
    # HyperSpy sets its level while it is imported, and would undo ours.
    import hyperspy.api  # noqa: F401

    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield caught
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
