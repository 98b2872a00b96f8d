"""Paths that particles follow: steady, and Brownian."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import is_number
from napari_stem3d.simulation.motion.trajectory import Array, Trajectory

if TYPE_CHECKING:
    from napari_stem3d.simulation.scenes.particle import Particle

AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
QUARTER_TURN = np.pi / 2  # of a steady rotation between two keyframes
LARGEST_KICK = 0.3  # rad rms about each axis: ten of them, which never happen, are half a turn
_MOST_KEYFRAMES = 2_000_000


def spin(
    particle: Particle,
    axis: str | tuple[float, float, float],
    degrees_per_second: float,
    duration: float,
    velocity: tuple[float, float] = (0.0, 0.0),
) -> Trajectory:
    """Steady rotation about an axis of the laboratory, and steady drift.

    Parameters
    ----------
    particle : Particle
        Its pose is that of time 0.
    axis : {"x", "y", "z"} or tuple of float
        Axis (x, y, z) through the particle's origin, fixed in the laboratory.
    degrees_per_second : float
        Angular velocity, right-handed about the axis [°/s].
    duration : float
        Time after which the particle stands still [s].
    velocity : tuple of float
        Velocity (vy, vx) [nm/s].

    Returns
    -------
    Trajectory
        Poses from 0 to `duration`.

    Raises
    ------
    InputError
        If a number is not finite, the axis has no direction or the duration is not positive.
    """
    rate = direction(axis) * math.radians(_finite("degrees_per_second", degrees_per_second))
    if np.shape(velocity) != (2,):
        raise InputError(f"velocity must be two numbers (vy, vx). Received: {velocity!r}")
    speed = np.array([_finite("velocity", v) for v in velocity])
    turn = float(np.linalg.norm(rate)) * _finite("duration", duration, above=0)
    intervals = max(1, np.ceil(turn / QUARTER_TURN))
    return walk(particle, duration / intervals, intervals, rate, speed)


def brownian(
    particle: Particle,
    rng: np.random.Generator,
    rotational_diffusion: float,
    translational_diffusion: float,
    duration: float,
    step: float,
) -> Trajectory:
    """Free rotation and translation by thermal kicks.

    After a time t the mean squared displacement along each axis is 2 D t; the mean cosine
    between an axis of the body and its first direction is exp(-2 D t), and the mean squared
    angle is 6 D t as long as it is small (Debye 1929).

    Parameters
    ----------
    particle : Particle
        Its pose is that of time 0.
    rng : numpy.random.Generator
        Source of randomness.
    rotational_diffusion : float
        D of the rotation [rad²/s].
    translational_diffusion : float
        D of the translation [nm²/s].
    duration : float
        Time after which the particle stands still [s].
    step : float
        Time between two kicks [s].

    Returns
    -------
    Trajectory
        Poses every `step`, from 0 to `duration` or shortly after.

    Raises
    ------
    InputError
        If a number is negative, or the kicks of one step would be no small turns.
    """
    intervals = _finite("duration", duration, above=0) / _finite("step", step, above=0)
    rms = math.sqrt(2 * step * _finite("rotational_diffusion", rotational_diffusion, least=0))
    if rms > LARGEST_KICK:
        raise InputError(
            f"step must be so short that a particle turns by less than {LARGEST_KICK:g} rad rms. "
            f"Received: {step:g} s, for a turn by {rms:.3g} rad"
        )
    _finite("translational_diffusion", translational_diffusion, least=0)
    diffusion = (rotational_diffusion, translational_diffusion)
    return walk(particle, step, intervals, np.zeros(3), np.zeros(2), diffusion, rng)


def walk(
    particle: Particle,
    interval: float,
    intervals: float,
    rate: Array,
    speed: Array,
    diffusion: tuple[float, float] = (0.0, 0.0),
    rng: np.random.Generator | None = None,
) -> Trajectory:
    """Follow steady rates, and kicks after every interval.

    The kicks of each interval come from five numbers of their own, so that a longer path begins
    with the shorter one.

    Parameters
    ----------
    particle : Particle
        Its pose is that of time 0.
    interval : float
        Time between keyframes [s].
    intervals : float
        Number of them, made whole upwards.
    rate : ndarray, shape (3,)
        Angular velocity (x, y, z) in the laboratory's axes [rad/s].
    speed : ndarray, shape (2,)
        Velocity (y, x) [nm/s].
    diffusion : tuple of float
        Coefficients of rotation [rad²/s] and translation [nm²/s].
    rng : numpy.random.Generator, optional
        Source of randomness, where there is diffusion.

    Returns
    -------
    Trajectory
        Path from time 0 on.

    Raises
    ------
    InputError
        If there are too many intervals.
    """
    if intervals > _MOST_KEYFRAMES:
        raise InputError(
            f"A motion must need at most {_MOST_KEYFRAMES} keyframes: it is too fast or too long. "
            f"Received: one that needs {intervals:.3g}"
        )
    count = max(1, math.ceil(intervals))
    turns = Rotation.from_rotvec(np.tile(rate * interval, (count, 1)))
    moves = np.tile(speed * interval, (count, 1))
    if rng is not None and any(diffusion):
        kicks = rng.normal(size=(count, 5))
        turns = Rotation.from_rotvec(math.sqrt(2 * diffusion[0] * interval) * kicks[:, :3]) * turns
        moves += math.sqrt(2 * diffusion[1] * interval) * kicks[:, 3:]
    reach = 1
    while reach < count:  # products of 1, 2, 4 ... turns each, the later ones on the left
        turns = Rotation.concatenate([turns[:reach], turns[reach:] * turns[:-reach]])
        reach *= 2
    rotations = Rotation.concatenate([particle.rotation, turns * particle.rotation])
    positions = np.array(particle.position) + np.vstack([np.zeros(2), np.cumsum(moves, axis=0)])
    return Trajectory(np.arange(count + 1, dtype=float) * interval, rotations, positions)


def direction(axis: Any) -> Array:
    """Return the unit vector of an axis given by its name or by three numbers."""
    vector = np.zeros(3)
    if isinstance(axis, str):
        vector = np.array(AXES.get(axis, vector))
    elif np.shape(axis) == (3,) and all(is_number(a) and math.isfinite(a) for a in axis):
        vector = np.array(axis, float)
    if not vector.any():
        raise InputError(f"axis must be x, y, z or a vector (x, y, z). Received: {axis!r}")
    return vector / np.linalg.norm(vector)


def _finite(name: str, value: Any, above: float = -math.inf, least: float = -math.inf) -> float:
    if not (is_number(value) and math.isfinite(value) and value > above and value >= least):
        kind = "positive" if above == 0 else "finite" if least else "not negative"
        raise InputError(f"{name} must be a number that is {kind}. Received: {value!r}")
    return float(value)
