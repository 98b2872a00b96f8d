"""Units as instruments write them, made into units that pint and napari understand."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

NOT_CALIBRATED = frozenset(
    "<undefined> undefined none unknown px pix pixel pixels dot frame frames index image images "
    "slice slices channel channels count counts point points a.u. au arb.u. dimensionless 1".split()
)
ANGSTROM = frozenset({"A", "ang", "Ang", "Angstrom", "Angstroms", "angstroms", "Å"})


def clean_units(text: Any, *, image_axis: bool) -> tuple[str, bool]:
    """Make the units of one axis usable.

    Parameters
    ----------
    text : object
        What the file says, a string in the good case.
    image_axis : bool
        Whether the axis is y or x. There, ``A`` is read as ångström: an image has no ampere
        along its edge, while a series of frames may well be taken against a current.

    Returns
    -------
    units : str
        The given spelling wherever pint knows it, ``""`` where there is no unit.
    understood : bool
        False if the text looked like a unit that pint does not know.
    """
    if not isinstance(text, str):
        return "", True
    text = unicodedata.normalize("NFC", text).strip()
    if image_axis:
        for per_pixel in ("/px", "/pix", "/pixel"):
            text = text.removesuffix(per_pixel)
        if text in ANGSTROM:
            return "Å", True
    if not text or text.lower().replace(" ", "") in NOT_CALIBRATED:
        return "", True
    return (text, True) if _parse(text) is not None else ("", False)


def nanometres(units: str) -> float | None:
    """Length of one such unit in nm, or None for anything that is not a length."""
    unit = _parse(units)
    if unit is None or dict(unit.dimensionality) != {"[length]": 1}:
        return None
    # 12 digits, because pint's chain of factors leaves 999.9999999999999 nm in a micrometre.
    return float(f"{(1 * unit).to('nm').magnitude:.12g}")


def is_diffraction(units: str) -> bool:
    """Whether the units are those of a diffraction pattern: 1/length, or an angle."""
    unit = _parse(units)
    if unit is None:
        return False
    if dict(unit.dimensionality) == {"[length]": -1}:
        return True
    return unit.dimensionless and "radian" in str((1 * unit).to_root_units().units)


@lru_cache(maxsize=256)
def _parse(text: str) -> Any:
    import pint

    # napari's registry too, so that what passes here passes there.
    registry = pint.get_application_registry()
    try:
        return registry.parse_units(text) if text else None
    except Exception:  # noqa: BLE001 - pint raises six kinds of errors over odd text
        return None
