"""Movies: frames that follow each other in time, on the same particles."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.motion.motion import Course, Motion
from napari_stem3d.simulation.scenes.dataset import Dataset
from napari_stem3d.simulation.scenes.scene import Scene


@dataclass(frozen=True)
class Movie(Dataset):
    """Series on one scene, drawn once; frame k begins k frame times after the first.

    Every frame can be made alone: what its particles did before depends on the seed, not on
    frames that were made before. A longer movie begins with the shorter one. Drift and settling of
    the stage go on from frame to frame; what else disturbs the scan is drawn anew for each.

    Attributes
    ----------
    motion : Motion
        How the particles move while they are scanned, and how they turn from frame to frame.
    """

    motion: Motion = field(default_factory=Motion)

    def __post_init__(self) -> None:
        """Refuse what is no motion."""
        super().__post_init__()
        if not isinstance(self.motion, Motion):
            raise InputError(f"motion must be a Motion. Received: {self.motion!r}")

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is drawn again from the seed."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}

    def _take(self, index: int) -> tuple[Scene, np.random.Generator, float]:
        frame = self._position(index)
        scene, courses = self._story
        start, microscope = frame * scene.frame_time, scene.microscope
        # The scan of each frame tells the drift from its own start on: the rest is done already.
        dy, dx = microscope.scan.travel(start)
        particles = [course.frame(frame).shifted(dy, dx) for course in courses]
        later = dataclasses.replace(microscope, scan=microscope.scan.after(start))
        rng = np.random.default_rng([self.seed, frame])
        return dataclasses.replace(scene, particles=particles, microscope=later), rng, start

    @cached_property
    def _story(self) -> tuple[Scene, list[Course]]:
        """The scene at time 0, and what becomes of each particle."""
        # A spawned sequence shares no numbers with those of the frames' noise.
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(0,)))
        scene = self.draw(rng)
        times = scene.frame_time, scene.microscope.scan.line_time(scene.grid)
        pairs = zip(scene.particles, rng.spawn(len(scene.particles)))
        return scene, [self.motion.course(p, own, *times, self.length) for p, own in pairs]
