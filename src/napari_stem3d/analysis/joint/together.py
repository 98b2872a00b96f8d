"""One body from many images in unknown poses: what it is, how surely, and who is a stranger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.frame import fit_frame
from napari_stem3d.analysis.fitting.goodness import goodness
from napari_stem3d.analysis.fitting.table import body_columns
from napari_stem3d.analysis.fitting.variable import POSE
from napari_stem3d.analysis.joint.bundle import Bundle
from napari_stem3d.analysis.joint.gains import outlook_of
from napari_stem3d.analysis.joint.gathering import Group, alone, gather, join
from napari_stem3d.analysis.joint.outlook import Outlook
from napari_stem3d.analysis.same_object import describe_frame, judge_views, the_object
from napari_stem3d.networks.contracts import CLASSES
from napari_stem3d.networks.set_views import split_views
from napari_stem3d.simulation import Particle

Array = NDArray[np.floating]
_STEP = 1e-3  # logarithms of lengths and fractions, over which a volume hardly bends
_FITTED = "cuboid"  # the shape whose bodies are fitted to many images
COLUMNS = (
    "image",
    "belongs",
    "p_value",
    "y",
    "x",
    "orientation_xyzw",
    *(f"p_corners_{k}" for k in range(9)),
    "about_more",
)


class Sight(NamedTuple):
    """One image of an object by itself.

    Attributes
    ----------
    group : Group
        Bodies fitted to it.
    view : ndarray, shape (330,)
        How the classifier describes it; see `pack_views`.
    """

    group: Group
    view: NDArray[np.float32]


@dataclass(frozen=True)
class Stage:
    """What is known after some of the images.

    Attributes
    ----------
    image : int
        The last of them.
    group : Group
        The largest group of those that show one body.
    outlook : Outlook
        How many more images settle the number of its deformed corners.
    """

    image: int
    group: Group
    outlook: Outlook

    @property
    def corners(self) -> Array:
        """Probabilities of 0 to 8 deformed corners, shape (9,)."""
        return self.group.counted.probabilities


@dataclass(frozen=True)
class Together:
    """One body fitted to many images.

    Attributes
    ----------
    group : Group
        The largest group of images that show one body.
    belongs : dict of int to float
        Probability, for every image in which the object was found, that it shows that body.
    stages : tuple of Stage
        What was known after each of them.
    same_object : float
        Probability that all images show one object, as the network ``same-particle`` tells it.
    unit : str
        ``"nm"``, or ``"px"`` where the images have no calibration.
    """

    group: Group
    belongs: dict[int, float]
    stages: tuple[Stage, ...]
    same_object: float
    unit: str = "nm"

    @property
    def bundle(self) -> Bundle:
        """The body in each of its images."""
        return self.group.counted.best

    @property
    def particle(self) -> Particle:
        """The body, in its pose in the first of its images."""
        return self.bundle.variable.particle

    @property
    def corners(self) -> Array:
        """Probabilities of 0 to 8 deformed corners, shape (9,), after all images."""
        return self.group.counted.probabilities

    @property
    def strangers(self) -> list[int]:
        """Images that show another particle."""
        return [image for image, chance in self.belongs.items() if chance < 1 / 2]

    @cached_property
    def lengths(self) -> dict[str, tuple[float, float]]:
        """Dimensions of the shape and their standard errors."""
        sizes = self.bundle.variable.lengths
        errors = np.sqrt(np.diag(self.bundle.covariance)).tolist()
        return {name: (size, size * error) for (name, size), error in zip(sizes.items(), errors)}

    @cached_property
    def volume(self) -> tuple[float, float]:
        """Volume with all cuts and its standard error."""
        variable, covariance = self.bundle.variable, self.bundle.covariance
        own = variable.particle.volume
        steps = np.eye(len(variable.names))[POSE:] * _STEP
        slopes = np.array([(variable.at(step).volume - own) / _STEP for step in steps])
        return own, float(np.sqrt(slopes @ covariance @ slopes))

    @cached_property
    def p_values(self) -> dict[int, float]:
        """For each of its images, the chance of residuals as structured as these; `goodness`."""
        return {image: goodness(look) for image, look in zip(self.group.images, self.bundle.looks)}

    @cached_property
    def outlook(self) -> Outlook:
        """How many more images settle the number of deformed corners."""
        return outlook_of(self.group.counted)

    @property
    def sentence(self) -> str:
        """What is found, in a few sentences."""
        number = int(np.argmax(self.corners))
        count = len(self.group.images)
        words = f"{number} deformed corner{'' if number == 1 else 's'} from {count} image"
        words += "" if count == 1 else "s"
        others = "".join(
            f" Image {image} shows another particle (probability {1 - self.belongs[image]:.2f})."
            for image in self.strangers
        )
        return f"{words}: {self.outlook}{others}"

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of the body and of the images, by name."""
        chances, outlook = self.corners, self.outlook
        return {
            "images": len(self.group.images),
            "same_object": self.same_object,
            "corners": int(np.argmax(chances)),
            "corners_probability": float(chances.max()),
            "about_more": outlook.about,
            "most_more": outlook.most,
            "shape": self.particle.shape.name,
            **body_columns(self.particle, self.lengths, self.volume, self.unit),
        }

    @property
    def table(self) -> pd.DataFrame:
        """One row for each image with the columns `COLUMNS`.

        Whether it shows the body, how well it is explained, where the body lies in it [nm or px]
        and its orientation; the probabilities of the numbers of deformed corners after this image
        and all before, and about how many more images they need.
        """
        looks = dict(zip(self.group.images, self.bundle.looks))
        rows = []
        for stage in self.stages:
            row: dict[str, Any] = {"image": stage.image, "belongs": self.belongs[stage.image]}
            if look := looks.get(stage.image):
                own = look.what.variable.particle
                row["y"], row["x"] = own.position
                row["orientation_xyzw"] = " ".join(f"{q:.6f}" for q in own.rotation.as_quat())
                row["p_value"] = self.p_values[stage.image]
            row |= {f"p_corners_{k}": p for k, p in enumerate(stage.corners.tolist())}
            row["about_more"] = stage.outlook.about
            rows.append(row)
        return pd.DataFrame(rows, columns=list(COLUMNS))


def fit_together(
    frames: Sequence[ArrayLike],
    labels: Sequence[ArrayLike],
    sampling: tuple[float, float] | None = None,
    *,
    network: str = "particle-classes",
    ground_truth: str = "same-particle",
    progress: Callable[[int, int], None] | None = None,
) -> Together:
    """Fit one cuboid to all images of it, in poses that nobody knows.

    Each image is fitted by itself (`fit_frame`). Then one image after the other joins those that
    show the same body: all 48 ways to call its edges and corners, and mirror images, are tried,
    and the lengths and cuts are refined in all images at once. The number of deformed corners is
    chosen by the evidence of all images, and so is whether an image shows another particle.

    Parameters
    ----------
    frames : sequence of array_like, shape (ny, nx)
        Images of the object; of each the particle that `the_object` names is used.
    labels : sequence of array_like of int, shape (ny, nx)
        Which particle each pixel belongs to, 0 for none.
    sampling : tuple of float, optional
        Sides (dy, dx) of a pixel [nm] of all images; lengths are in pixels without.
    network, ground_truth : str
        Networks that classify a particle, and that judge views of it together.
    progress : callable, optional
        Called with the number of images fitted by themselves and their total.

    Returns
    -------
    Together
        The body and what is known of it.

    Raises
    ------
    InputError
        If there are no images, if they show no cuboid, or cannot be used.
    """
    if not len(frames) or len(frames) != len(labels):
        raise InputError(
            "frames must be one image at least, with as many labels. "
            f"Received: {len(frames)} images and {len(labels)} label images"
        )

    def watched() -> Iterator[Sight]:
        for image, (frame, own) in enumerate(zip(frames, labels)):
            sight = sight_of(image, frame, own, sampling, network)
            if sight:
                yield sight
            if progress:
                progress(image + 1, len(frames))

    sights = list(watched())
    if not sights:
        raise InputError(f"frames must show the object. Received: {len(frames)} images without it")
    views = np.array([sight.view for sight in sights])
    told = judge_views(views[None], ground_truth)
    shape = CLASSES[int(np.argmax(told["shape"][0]))]
    if shape != _FITTED:
        raise InputError(
            f"frames must show a {_FITTED}, to be fitted together. Received: images of "
            f"a {shape}, by the network {ground_truth!r}"
        )
    together = put_together([sight.group for sight in sights], float(told["same_object"][0, 0]))
    return together if sampling else replace(together, unit="px")


def sight_of(
    image: int,
    frame: ArrayLike,
    labels: ArrayLike,
    sampling: tuple[float, float] | None,
    network: str = "particle-classes",
) -> Sight | None:
    """Fit cuboids to one image by itself; None where there is no particle, or no fit."""
    mask = the_object(np.asarray(labels))
    if mask is None:
        return None
    own = mask.astype(np.int32)
    fits = list(fit_frame(frame, own, sampling, shapes=[_FITTED], network=network))
    if not fits:
        return None
    (view,) = describe_frame(frame, own, network)
    told = np.exp(split_views(view)["corners"]).astype(float)
    looks = [alternative.look for alternative in fits[0].alternatives]
    return Sight(alone(image, looks, told), view)


def put_together(singles: Iterable[Group], same_object: float) -> Together:
    """Find what images show together that were fitted by themselves.

    Parameters
    ----------
    singles : iterable of Group
        Each image alone; at least one.
    same_object : float
        What a network tells of all of them.

    Returns
    -------
    Together
        The body that most of them show.
    """
    own = {single.images[0]: single for single in singles}
    stages: list[Stage] = []
    belongs: dict[int, float] = {}
    for image, groups in zip(own, gather(own.values())):
        stages.append(Stage(image, groups[0], outlook_of(groups[0].counted)))
        last = next(group for group in groups if image in group.images)
        belongs[image] = 1.0 if np.isnan(last.gain) else last.belongs
    group = stages[-1].group
    if len(group.images) > 1:
        belongs[group.images[0]] = belongs[group.images[1]]
    # What is known better by now may be recognised where it was not before.
    for image in [k for k in own if k not in group.images and k < group.images[-1]]:
        both = join(group, own[image])
        belongs[image] = both.belongs
        group = both if both.belongs > 1 / 2 else group
    return Together(group, belongs, tuple(stages), same_object)
