"""One body fitted to several images of an object in unknown poses, beside the networks alone.

Fresh cuboids with 0 to 8 deformed corners ("corners-128") are imaged four times each, found by the
segmentation network, fitted, and joined one image after the other. Tuned on seeds 771 and 772.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
from benchmarks.fitting import side_by_side
from numpy.typing import NDArray

DOSES = ("standard", "low")
OBJECTS = 100  # at each dose; every second one is also mixed with the one before
PART = 10  # of them, an even number, that one process measures
IMAGES = 4
SHOWN = (1, 2, 4)
SURE = 0.95


class Body(NamedTuple):
    """What is told of an object after some of its images."""

    corners: NDArray[np.floating]  # probabilities, of the joint fit
    network: NDArray[np.floating]  # and of the networks alone
    errors: NDArray[np.floating]  # of the logarithms of the edges, ascending
    sigmas: NDArray[np.floating]  # that the fit claims of them
    about: int | None  # more images that it claims to need
    most: int | None  # the same with 9 chances in 10
    one: bool  # whether all images are told to show one object
    network_one: bool  # the same by the network


class Strange(NamedTuple):
    """Whether a stranger among so many images is told, by the fit and by the network."""

    images: int
    fit: bool
    network: bool


Measured = tuple[list[int], list[list[Body]], list[Strange]]


def main(seed: int) -> None:
    for dose in DOSES:
        parts = (range(k, min(k + PART, OBJECTS)) for k in range(0, OBJECTS, PART))
        found = side_by_side(measure, ((dose, part, seed) for part in parts))
        report(dose, *(list(chain.from_iterable(one)) for one in zip(*found)))


def measure(item: tuple[str, range, int]) -> Measured:
    """Truth and stages of some objects, and sets that hold an image of the object before."""
    dose, objects, seed = item
    from napari_stem3d.analysis.joint.gains import outlook_of
    from napari_stem3d.analysis.joint.gathering import join
    from napari_stem3d.analysis.joint.together import put_together
    from napari_stem3d.analysis.same_object import judge_views

    truth: list[int] = []
    told: list[list[Body]] = []
    strange: list[Strange] = []
    before = None
    for k, (particle, sights) in zip(objects, _seen(dose, objects, seed)):
        views = np.array([sight.view for sight in sights])
        edges = np.sort([particle.shape.a, particle.shape.b, particle.shape.c])
        together = put_together([sight.group for sight in sights], 1.0)
        groups = [stage.group for stage in together.stages[:-1]] + [together.group]
        bodies = []
        for number, group in enumerate(groups, start=1):
            best = group.counted.best
            found = np.array(list(best.variable.lengths.values()))
            order = np.argsort(found)
            outlook = outlook_of(group.counted)
            judged = judge_views(views[None, :number])
            bodies.append(
                Body(
                    group.counted.probabilities,
                    judged["corners"][0],
                    np.log(found[order] / edges),
                    np.sqrt(np.diag(best.covariance))[: len(found)][order],
                    outlook.about,
                    outlook.most,
                    len(group.images) == number,
                    float(judged["same_object"][0, 0]) >= 1 / 2,
                )
            )
        truth.append(len(particle.deformed_corners))
        told.append(bodies)
        if before is not None and k % 2:
            for number in (2, IMAGES):
                mixed = join(groups[number - 2], before.group)
                both = judge_views(np.vstack([views[: number - 1], before.view])[None])
                network = float(both["same_object"][0, 0]) < 1 / 2
                strange.append(Strange(number, mixed.belongs < 1 / 2, network))
        before = sights[0]
    return truth, told, strange


def report(dose: str, truth: list[int], told: list[list[Body]], strange: list[Strange]) -> None:
    """Print what was measured at one dose."""
    print(f"{dose} dose, {len(truth)} objects")
    for number in SHOWN:
        bodies = [stages[number - 1] for stages in told]
        print(f"  {number} image{'s' * (number > 1)}")
        for name in ("corners", "network"):
            right = [int(np.argmax(getattr(b, name))) == k for b, k in zip(bodies, truth)]
            whose = "joint fit" if name == "corners" else "networks alone"
            _share(f"number of corners right, {whose}", right)
        errors = np.array([b.errors for b in bodies])
        ratio = np.abs(errors) / np.array([b.sigmas for b in bodies])
        print(f"    {'error of an edge, median and 90 % below':46s}", end="")
        print("{:.2f} %, {:.2f} %".format(*np.percentile(100 * np.abs(errors), (50, 90))))
        _share("edges within one standard error (68 %)", (ratio < 1).ravel())
        _share("edges within two standard errors (95 %)", (ratio < 2).ravel())
        if number > 1:
            _share("told to show one object, joint fit", [b.one for b in bodies])
            _share("told to show one object, network", [b.network_one for b in bodies])
    for number in (2, IMAGES):
        sets = [s for s in strange if s.images == number]
        _share(f"stranger among {number} images told, fit", [s.fit for s in sets])
        _share(f"stranger among {number} images told, network", [s.network for s in sets])
    for name in ("about", "most"):
        met = list(_promises(told, name))
        _share(f"sure after as many more images as {name!r} says", met)


def _promises(told: list[list[Body]], name: str) -> Iterator[bool]:
    """Whether each set that was told to need more images was sure after so many more."""
    for stages in told:
        for k, body in enumerate(stages):
            more = getattr(body, name)
            if more and k + more < len(stages):
                yield float(stages[k + more].corners.max()) >= SURE


def _seen(dose: str, objects: range, seed: int) -> Iterator[tuple]:
    """Objects, and four images of each, all of which could be fitted by themselves."""
    from napari_stem3d.analysis.batches import segment_frames
    from napari_stem3d.analysis.joint.together import sight_of
    from napari_stem3d.tasks.corners128 import Corners128, seen_again

    task = Corners128("corners", dose)
    for k in objects:
        rng = np.random.default_rng([seed, DOSES.index(dose), k])
        scenes = [task(rng)]
        while len(scenes) < IMAGES:
            scenes.append(seen_again(rng, scenes[-1]))
        frames = [np.asarray(scene.image(rng).image, np.float32) for scene in scenes]
        labels = segment_frames(frames)
        pairs = enumerate(zip(frames, labels))
        sights = [sight_of(i, f, own, scenes[0].grid.sampling) for i, (f, own) in pairs]
        if all(sights):
            yield scenes[0].particles[0], sights


def _share(what: str, hits: list[bool] | NDArray[np.bool_]) -> None:
    from napari_stem3d.networks.evaluation import proportion

    if not len(hits):
        print(f"    {what:46s}no such set")
        return
    share, low, high = (100 * v for v in proportion(int(np.sum(hits)), len(hits)))
    print(f"    {what:46s}{share:5.1f} % ({low:.1f} to {high:.1f}) of {len(hits)}")
