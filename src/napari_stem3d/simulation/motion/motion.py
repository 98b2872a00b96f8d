"""How the particles of a scene move while it is imaged, and from frame to frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from napari_stem3d.simulation.fields import Checked, choice, quantity, switch
from napari_stem3d.simulation.motion.orientation import random_direction
from napari_stem3d.simulation.motion.paths import AXES, LARGEST_KICK, QUARTER_TURN, direction, walk
from napari_stem3d.simulation.motion.trajectory import Trajectory

if TYPE_CHECKING:
    from napari_stem3d.simulation.scenes.particle import Particle


@dataclass(frozen=True)
class Motion(Checked):
    """How the particles of a scene move; by default they do not.

    Rotation, velocity and diffusion act while an image is scanned. `step` turns the particles
    between the images of a movie, at once.
    """

    rotation: float = quantity(0.0, "°/s", -1e6, 1e6, "angular velocity about the axis")
    axis: str = choice("z", (*AXES, "random"), "axis of rotation, fixed in the laboratory")
    velocity: float = quantity(0.0, "nm/s", 0.0, 1e6, "speed across the image")
    direction: float = quantity(0.0, "°", -360.0, 360.0, "from the x axis towards the y axis")
    step: float = quantity(0.0, "°", -180.0, 180.0, "turn about the axis from frame to frame")
    random_step: bool = switch(False, "draw each step evenly between none and twice `step`")
    rotational_diffusion: float = quantity(0.0, "rad²/s", 0.0, 1e6, "Brownian rotation")
    translational_diffusion: float = quantity(0.0, "nm²/s", 0.0, 1e9, "Brownian translation")

    def course(
        self,
        particle: Particle,
        rng: np.random.Generator,
        frame_time: float,
        line_time: float,
        frames: int = 1,
    ) -> Course:
        """Draw what becomes of one particle.

        Parameters
        ----------
        particle : Particle
            Its pose is that of time 0.
        rng : numpy.random.Generator
            Source of randomness; a longer course begins with the shorter one.
        frame_time, line_time : float
            Time that a frame and one of its lines take [s].
        frames : int
            Number of frames, one after the other.

        Returns
        -------
        Course
            The particle in each of the frames.
        """
        axis = random_direction(rng) if self.axis == "random" else direction(self.axis)
        kicks, steps = rng.spawn(2)
        drawn = steps.uniform(0, 2, frames - 1) if self.random_step else np.ones(frames - 1)
        angles = math.radians(self.step) * np.concatenate([[0.0], np.cumsum(drawn)])
        turns = Rotation.from_rotvec(angles[:, None] * axis)

        rate, angle = axis * math.radians(self.rotation), math.radians(self.direction)
        speed = self.velocity * np.array([math.sin(angle), math.cos(angle)])
        diffusion = (self.rotational_diffusion, self.translational_diffusion)
        if any(diffusion):
            interval = line_time / max(1, math.ceil(2 * diffusion[0] * line_time / LARGEST_KICK**2))
        elif rate.any() or speed.any():
            interval = min(frame_time, QUARTER_TURN / max(float(np.linalg.norm(rate)), 1e-9))
        else:
            return Course(particle, turns)
        return Course(
            particle,
            turns,
            walk(particle, interval, frames * frame_time / interval, rate, speed, diffusion, kicks),
        )


@dataclass(frozen=True, eq=False)
class Course:
    """One particle through the frames of a movie.

    Attributes
    ----------
    particle : Particle
        As it lies at time 0.
    turns : scipy.spatial.transform.Rotation
        How it is turned in each frame, in the laboratory's axes.
    path : Trajectory, optional
        How it moves meanwhile, before those turns.
    """

    particle: Particle
    turns: Rotation
    path: Trajectory | None = None

    def frame(self, index: int) -> Particle:
        """Return the particle as frame `index` shows it."""
        turn, path = self.turns[index], self.path
        if path is not None:
            path = Trajectory(path.times, turn * path.rotations, path.positions)
        return self.particle.posed(self.particle.position, turn * self.particle.rotation, path)
