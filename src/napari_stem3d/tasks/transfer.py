"""Transfer learning from images to a classifier: features, split by object, last layer, card."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.inputs import reader_of
from napari_stem3d.networks.evaluation import proportion
from napari_stem3d.networks.last_layer import Examples, LastLayer
from napari_stem3d.tasks import bottlenecks
from napari_stem3d.tasks.folders import Picture

PARTS = ("training", "validation", "test")
_HASHED = 2**27 - 1  # largest remainder of the hash, as in retrain.py
#: Called with what is being done, the number of steps done, and about that of all steps.
Told = Callable[[str, int, int], None]


class Source(Protocol):
    """Images to learn from: a `Folder`, `Simulated`, or anything alike."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""

    def __len__(self) -> int:
        """About how many images there are."""

    def __iter__(self) -> Iterator[Picture]:
        """Images, the same ones in the same order every time."""


@dataclass(frozen=True)
class Split:
    """Which part an object belongs to, decided by a hash of its name.

    More objects do not move those that there were: as in retrain.py, from which the formula is.

    Attributes
    ----------
    validation, test : float
        Percentages of objects.
    seed : int
        Another seed is another split; 0 is that of retrain.py.
    """

    validation: float = 10.0
    test: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse percentages that leave nothing to learn from."""
        if not (self.validation > 0 <= self.test and self.validation + self.test < 100):
            raise InputError(
                "validation and test must be percentages that leave some for training, and "
                f"validation must not be 0. Received: {self.validation:g} and {self.test:g}"
            )

    def part(self, group: str) -> str:
        """Return the part that an object belongs to, one of `PARTS`."""
        name = group if self.seed == 0 else f"{self.seed}:{group}"
        digest = int(hashlib.sha1(name.encode()).hexdigest(), 16)
        percentage = digest % (_HASHED + 1) * (100 / _HASHED)
        if percentage < self.validation:
            return "validation"
        return "test" if percentage < self.validation + self.test else "training"

    def rows(self, groups: list[str]) -> dict[str, NDArray[np.int64]]:
        """Return the images of each part; InputError where a part that is needed is empty."""
        parts = np.array([self.part(group) for group in groups])
        rows = {part: np.flatnonzero(parts == part) for part in PARTS}
        needed = PARTS if self.test else PARTS[:2]
        if any(len(rows[part]) == 0 for part in needed):
            counts = ", ".join(f"{len(rows[part])} for {part}" for part in needed)
            raise InputError(
                "The images must show so many different objects that each part of the split gets "
                f"some. Received: {len(set(groups))} objects, images {counts}"
            )
        return rows


class Transferred(NamedTuple):
    """A trained classifier of images.

    Attributes
    ----------
    model : keras.Model
        To ``label`` (batch, classes).
    card : dict
        Its classes, its training and its figures.
    """

    model: Any
    card: dict[str, Any]


def transfer_to(
    source: Source,
    backbone: str = "particle-classes",
    *,
    weights: Path | None = None,
    settings: LastLayer | None = None,
    split: Split | None = None,
    fine_tune: int = 0,
    seed: int = 0,
    cache: Path | None = None,
    progress: Told | None = None,
) -> Transferred:
    """Teach a backbone new classes by training its last layer alone.

    Parameters
    ----------
    source : Source
        Images with their classes.
    backbone : str
        Registered network whose features are used.
    weights : Path, optional
        File of the backbone's weights, as for `load_backbone`.
    settings : LastLayer, optional
        How the last layer is trained; by default the preset ``"standard"``.
    split : Split, optional
        Training, validation and test objects; by default 80, 10 and 10 %.
    fine_tune : int
        Batches in which all layers are then trained on, gently; none by default.
    seed : int
        Seed of the first weights and of the batches.
    cache : Path, optional
        Folder in which features are kept, as for `bottlenecks.compute`.
    progress : callable, optional
        Called with what is being done, the steps done and about how many there are.

    Returns
    -------
    Transferred
        Model and card.

    Raises
    ------
    InputError
        If an image, the backbone or the weights cannot be used, or a part of the split is empty.
    """
    from napari_stem3d.networks import backbones, transfer

    say = progress or (lambda what, done, total: None)
    how, split = settings or LastLayer(), split or Split()
    started = time.perf_counter()
    base = backbones.load_backbone(backbone, weights)
    frozen = backbones.fingerprint(base)
    found = bottlenecks.compute(
        base, source, cache, lambda done: say("Compute features", done, len(source))
    )
    rows = split.rows(found.groups)
    parts = {part: Examples(found.features[r], found.labels[r]) for part, r in rows.items()}
    kernel, bias = transfer.train_last_layer(
        parts["training"],
        parts["validation"],
        len(source.classes),
        how,
        seed=seed,
        progress=lambda done, total: say("Train the last layer", done, total),
    )
    told = transfer.probabilities(parts["test"].views, kernel, bias)
    model = transfer.with_last_layer(base, kernel, bias)
    kept = 0
    if fine_tune:
        model, kept, told = _tuned(model, source, rows, found.labels, fine_tune, seed, say)
    training = {
        "backbone": backbone,
        "backbone_fingerprint": frozen,
        "images": {part: len(r) for part, r in rows.items()},
        "objects": len(set(found.groups)),
        "last_layer": asdict(how),
        "split": asdict(split),
        "fine_tuned": kept,
        "seed": seed,
        "computed": found.computed,
        "seconds": round(time.perf_counter() - started, 1),
    }
    card = {
        "task": "image-classification",
        "classes": list(source.classes),
        "training": training,
        "figures": figures(told, found.labels[rows["test"]]),
    }
    return Transferred(model, card)


def _tuned(
    model: Any,
    source: Source,
    rows: dict[str, NDArray[np.int64]],
    labels: NDArray[np.int64],
    steps: int,
    seed: int,
    say: Told,
) -> tuple[Any, int, NDArray[np.floating]]:
    """Return the fine-tuned model, the batches it kept, and what it says of the test images."""
    from napari_stem3d.networks import transfer

    order = np.concatenate([rows[part] for part in PARTS])
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    with tempfile.TemporaryDirectory() as folder:
        # Part after part on disk, so that each is one piece of what need not fit into memory.
        views = _views_of(model, source, place, Path(folder) / "views.npy", say)
        ends = np.cumsum([len(rows[part]) for part in PARTS])
        training, validation, test = (
            Examples(part, labels[rows[name]])
            for name, part in zip(PARTS, np.split(views, ends[:-1]))
        )
        kept = transfer.fine_tune(
            model,
            training,
            validation,
            steps=steps,
            seed=seed,
            progress=lambda done, total: say("Train all layers", done, total),
        )
        told = transfer.label(model, test.views)
    return model, kept, told


def _views_of(
    model: Any, source: Source, place: NDArray[np.int64], path: Path, say: Told
) -> NDArray[np.float16]:
    """Read all images as the network is shown them, to disk, each in its place."""
    read = reader_of(model.inputs[0].shape)
    views: Any = None
    for k, picture in enumerate(source):
        (seen,) = read([picture.image])
        if views is None:
            views = np.lib.format.open_memmap(path, "w+", np.float16, (len(place), *seen.shape))
        views[place[k]] = seen
        say("Prepare images", k + 1, len(place))
    return views


def figures(told: NDArray[np.floating], truth: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Share of images that are named rightly, and of the commonest class, in percent.

    Parameters
    ----------
    told : ndarray, shape (n, classes)
        Probabilities.
    truth : ndarray of int, shape (n,)
        Classes.

    Returns
    -------
    list of dict
        One row as cards have them, with the ends of the Wilson 95 % interval; none without images.
    """
    if not len(truth):
        return []
    right = proportion(int(np.sum(told.argmax(axis=1) == truth)), len(truth))
    shares = dict(zip(("accuracy", "low", "high"), right))
    shares["baseline"] = np.bincount(truth).max() / len(truth)
    percent = {name: round(100 * share, 2) for name, share in shares.items()}
    return [{"task": "test images", "objects": len(truth), **percent}]
