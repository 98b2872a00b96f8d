"""The balance of an image: what is known of it, and what its noise tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.weighing import Balance, estimate_balance


def balance_of(
    frame: ArrayLike, metadata: Mapping[str, Any], known: Balance
) -> tuple[Balance, tuple[str, ...]]:
    """Estimate the level of the full beam where it is not known and can be told.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        First image.
    metadata : mapping
        Of its file, as HyperSpy documents it.
    known : Balance
        What is known already.

    Returns
    -------
    balance : Balance
        As it was, where its levels are known or where nothing tells them.
    notes : tuple of str
        What was assumed.
    """
    if known.is_calibrated:
        return known, ()
    try:
        found = estimate_balance(frame, metadata, balance=known)
    except InputError:  # a first image without any contrast, say
        return known, ()
    return found.balance, found.notes if found.balance.is_calibrated else ()
