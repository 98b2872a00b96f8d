"""What is said of a particle, from the probabilities that a network tells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.networks.contracts import ARRANGEMENTS, CLASSES, MOST_CORNERS, ORBITS, PAIRS

_DIFFERENT = 0.04  # relative difference from which edges can be told apart
_PAIR_ORBITS = [ORBITS.index(name) for name in PAIRS]
STATEMENTS = (
    "shape",
    "shape_probability",
    "deformed",
    "deformed_probability",
    "corners",
    "corners_probability",
    "arrangement",
    "arrangement_axes",
    *(f"p_{name}" for name in CLASSES),
    *(f"p_corners_{k}" for k in range(MOST_CORNERS + 1)),
    *(f"p_pair_{axes}" for axes in PAIRS.values()),
)


def statements(
    shape: NDArray[np.float32],
    corners: NDArray[np.float32],
    orbit: NDArray[np.float32] | None = None,
    edges: NDArray[np.float32] | None = None,
) -> dict[str, Any]:
    """State the likeliest classes of one particle.

    Parameters
    ----------
    shape : ndarray, shape (15,)
        Probabilities of `CLASSES`.
    corners : ndarray, shape (9,)
        Probabilities of 0 to 8 deformed corners.
    orbit : ndarray, shape (46,), optional
        Probabilities of `ORBITS`, where the network tells which corners are deformed.
    edges : ndarray, shape (3,), optional
        Relative lengths of a cuboid's edges, ascending.

    Returns
    -------
    dict
        `STATEMENTS`: the likeliest ``shape``, ``"other"`` where it is none that the network
        knows; whether any corner is ``deformed``, and how many ``corners`` are, at least one of a
        deformed particle; the probability of each (see `deformed_chance`). Of two deformed
        corners of a cuboid, ``arrangement`` says whether they share an ``edge``, the diagonal of a
        ``face`` or of the ``body``, and ``arrangement_axes`` along which of the edges
        a <= b <= c they differ, where the lengths of the edges tell; both are empty otherwise.
        ``p_pair_...`` are the probabilities of the arrangements if two corners are deformed.
    """
    deformed_probability = float(deformed_chance(corners))
    deformed = deformed_probability > 0.5
    number = 1 + int(np.argmax(corners[1:])) if deformed else 0
    named = CLASSES[int(np.argmax(shape))]
    pairs = np.full(len(PAIRS), np.nan) if orbit is None else orbit[_PAIR_ORBITS]
    pairs = pairs / max(float(pairs.sum()), 1e-9)
    arrangement = axes = ""
    if orbit is not None and number == 2 and named == "cuboid":
        arrangement, axes = _arrangement(pairs, edges)
    return {
        "shape": named,
        "shape_probability": float(shape.max()),
        "deformed": deformed,
        "deformed_probability": deformed_probability,
        "corners": number,
        "corners_probability": float(corners[number]),
        "arrangement": arrangement,
        "arrangement_axes": axes,
        **{f"p_{name}": float(p) for name, p in zip(CLASSES, shape)},
        **{f"p_corners_{k}": float(p) for k, p in enumerate(corners)},
        **{f"p_pair_{name}": float(p) for name, p in zip(PAIRS.values(), pairs)},
    }


def deformed_chance(corners: NDArray[np.floating]) -> NDArray[np.floating]:
    """Probability that any corner is deformed, if intact and deformed particles are as common.

    The probabilities of the numbers are those of a world where each of 0 to 8 is as common as the
    others, where one cuboid in nine is intact. Who asks whether a particle is deformed does not
    mean that.

    Parameters
    ----------
    corners : ndarray, shape (..., 9)
        Probabilities of 0 to 8 deformed corners.

    Returns
    -------
    ndarray, shape (...)
        Probabilities.
    """
    some = 1 - corners[..., 0]
    return some / (some + MOST_CORNERS * corners[..., 0])


def _arrangement(pairs: NDArray[np.floating], edges: NDArray[np.float32] | None) -> tuple[str, str]:
    """Name the likeliest arrangement of two corners, and its axes where lengths tell them."""
    kinds = np.array([len(axes) for axes in PAIRS.values()])
    shares = [pairs[kinds == 1 + k].sum() for k in range(len(ARRANGEMENTS))]
    kind = int(np.argmax(shares))
    axes = list(PAIRS.values())[int(np.argmax(np.where(kinds == 1 + kind, pairs, -1)))]
    if len(axes) == len(ARRANGEMENTS):
        return ARRANGEMENTS[kind], axes
    # The one edge that is named, or the one that is not, must differ from both its neighbours.
    lone = "abc".index(axes if len(axes) == 1 else (set("abc") - set(axes)).pop())
    if edges is None:
        return ARRANGEMENTS[kind], ""
    apart = np.diff(edges) / edges[1:] > _DIFFERENT
    tells = all(apart[k] for k in (lone - 1, lone) if 0 <= k < len(apart))
    return ARRANGEMENTS[kind], axes if tells else ""
