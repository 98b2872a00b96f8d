"""Tell the hand of a helix from two HyperSpy signals whose metadata hold the tilt of the stage.

Files may be given: images of one helix, saved with Acquisition_instrument.TEM.Stage.tilt_alpha.
"""

from __future__ import annotations

import sys

import hyperspy.api as hs
import numpy as np

from napari_stem3d import Grid, Microscope, load
from napari_stem3d.analysis.identifying.hands import decide_hand
from napari_stem3d.analysis.identifying.stage import Tilt
from napari_stem3d.signals.stage import stage_tilts
from napari_stem3d.simulation import Helix, Particle, Scene, random_rotation

HELIX = Helix(diameter=7.0, pitch=5.0, wire=1.5, turns=1.8, left_handed=True)


def simulated() -> list[str]:
    """Save images of a left-handed helix at alpha -15° and 15°, as a microscope would."""
    rng, grid, names = np.random.default_rng(5), Grid((96, 96), (0.2, 0.2)), []
    pose = random_rotation(rng)
    for alpha in (-15.0, 15.0):
        particle = Particle(HELIX, grid.centre, Tilt(alpha).rotation * pose)
        signal = hs.signals.Signal2D(Scene((particle,), grid, Microscope()).image(rng).image)
        for axis, name in zip(signal.axes_manager.signal_axes, "xy"):
            axis.name, axis.scale, axis.units = name, 0.2, "nm"
        signal.metadata.set_item("Acquisition_instrument.TEM.Stage.tilt_alpha", alpha)
        names.append(f"helix{alpha:+.0f}.hspy")
        signal.save(names[-1], overwrite=True)
    return names


stacks = [load(name)[0] for name in sys.argv[1:] or simulated()]
tilts = [tilt for stack in stacks for tilt in stage_tilts(stack)]
frames = [frame for stack in stacks for frame in stack.frames]
sampling = stacks[0].sampling_nm or (0.2, 0.2)
told = Helix(diameter=7.3, pitch=4.8, wire=1.5, turns=1.9)  # about, and of either hand

print(decide_hand(frames[:1], told, tilts[:1], sampling=sampling).sentence)
found = decide_hand(frames, told, tilts, sampling=sampling)
print(found.sentence)
print(f"{found.particle and found.particle.shape}; residuals {found.off:.2f} times the noise")
