"""The one error that users are meant to read."""

from __future__ import annotations


class InputError(ValueError):
    """Input that cannot be used; the message is one sentence that says what was expected."""
