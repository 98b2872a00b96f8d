"""Training samples of `same-particle`: sets of views of one object, or of two taken for one."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.networks.contracts import CLASSES
from napari_stem3d.tasks.families import Family, FamilyTask
from napari_stem3d.tasks.recipes import Recipe
from napari_stem3d.tasks.training_settings import Training

CLASSIFIER = "particle-classes"
FOLDER = Path("runs") / "views"  # of the described views, which take most of the time
SETS_SEEDS: dict[str, Any] = {"seed": 20_003, "validation_seed": 20_103}
FAMILIES = 16  # of a block, the part of the families that is drawn and kept at a time
_FIRST, _EVERY = 4, 32  # blocks to begin with, and batches after which another one joins them
_STRANGERS = 0.4  # share of the sets that hold views of a second object
_RELATIVES = 0.7  # share of these whose second object is of the first one's family


class Block(NamedTuple):
    """Described views of some families; the two objects of each follow each other.

    Attributes
    ----------
    views : ndarray, shape (objects, views, 330), float32
        Rows of `pack_views`.
    shape, corners : ndarray, shape (objects,), int
        Indices into `CLASSES`, and numbers of deformed corners.
    orbit : ndarray, shape (objects, 46), float32
        1 for each of `ORBITS` that is right.
    """

    views: NDArray[np.float32]
    shape: NDArray[np.int64]
    corners: NDArray[np.int64]
    orbit: NDArray[np.float32]


def set_batch(seed: int, size: int, number: int) -> tuple[Any, ...]:
    """Batch `number` of ``same-particle``: sets of equally many views, targets, and weights.

    What a set of two objects shows has no answer but that there are two.
    """
    rng = np.random.default_rng([seed, 0, number])
    return draw_sets(joined(_FIRST + number // _EVERY, seed), rng, size)


def draw_sets(pool: Block, rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    """Draw sets of 2 to 8 views, with what the network should say of them.

    Parameters
    ----------
    pool : Block
        Objects to choose from.
    rng : numpy.random.Generator
        Source of randomness.
    count : int
        Number of sets.

    Returns
    -------
    tuple
        Views (count, n, 330), then targets and weights of each output.
    """
    objects, kept = pool.views.shape[:2]
    views = int(rng.integers(2, kept + 1))
    first = rng.integers(objects, size=count)
    other = np.where(rng.random(count) < _RELATIVES, first ^ 1, rng.integers(objects, size=count))
    # Where chance calls the object itself, the set shows one object after all.
    one = (rng.random(count) >= _STRANGERS) | (other == first)
    places = np.argsort(rng.random((count, kept)), axis=1)[:, :views]
    strangers = np.where(one, 0, rng.integers(1, views // 2 + 1, size=count))
    owner = np.where(np.arange(views) < strangers[:, None], other[:, None], first[:, None])
    same = one.astype(np.float32)
    targets = {
        "shape": pool.shape[first],
        "corners": pool.corners[first],
        "orbit": pool.orbit[first],
        "same_object": same[:, None],
    }
    weights = dict.fromkeys(("shape", "corners", "orbit"), same)
    weights["same_object"] = np.ones(count, np.float32)
    return pool.views[owner, places], targets, weights


@lru_cache(maxsize=2)
def joined(count: int, seed: int) -> Block:
    """Join the first `count` blocks."""
    return Block(*map(np.concatenate, zip(*(block(number, seed) for number in range(count)))))


@cache
def block(number: int, seed: int, network: str = CLASSIFIER) -> Block:
    """Block `number` of the described views, which is drawn once and kept in `FOLDER`.

    Parameters
    ----------
    number : int
        Number of the block.
    seed : int
        Seed of the families.
    network : str
        Network for classification; blocks of another one, or of other weights, are kept apart.

    Returns
    -------
    Block
        Two objects of each of 16 families.
    """
    from napari_stem3d.networks.store import load

    # `load` has checked that the card belongs to the weights.
    mark = load(network).card.get("sha256", "unsigned")[:12]
    path = FOLDER / f"{mark}-{seed}-{number}.npz"
    if path.is_file():
        with np.load(path) as arrays:
            return Block(*(arrays[name] for name in Block._fields))
    task = FamilyTask(seed)
    made = describe([task[number * FAMILIES + k] for k in range(FAMILIES)], network)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **made._asdict())
    part.replace(path)
    return made


def describe(families: list[Family], network: str = CLASSIFIER) -> Block:
    """Let the classifier look at every image of some families."""
    from napari_stem3d.analysis.same_object import describe_objects

    images = [image for family in families for image in family.images]
    views = describe_objects(images, network)
    shape, corners, orbit = (
        np.concatenate([getattr(family, name) for family in families])
        for name in ("shape", "corners", "orbit")
    )
    return Block(views.reshape(len(shape), -1, views.shape[-1]), shape, corners, orbit)


SAME_PARTICLE = Recipe(
    set_batch,
    {
        "shape": "sparse_categorical_crossentropy",
        "corners": "sparse_categorical_crossentropy",
        "orbit": "napari_stem3d.networks.losses:any_of",
        "same_object": "binary_crossentropy",
    },
    Training(
        steps=2_000,
        batch=256,
        rate=1e-3,
        precision="float32",
        validation=2_048,
        loss_weights={"shape": 0.5, "corners": 1.0, "orbit": 0.5, "same_object": 1.0},
        **SETS_SEEDS,
    ),
    {
        "input": "1 to N views of one object, as particle-classes describes them",
        "classifier": CLASSIFIER,
        "shapes": list(CLASSES),
        "corners": "0 to 8 deformed",
    },
    {"shape": ["accuracy"], "corners": ["accuracy"], "same_object": ["accuracy"]},
)
