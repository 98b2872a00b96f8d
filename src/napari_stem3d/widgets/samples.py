"""Sample data of the plugin, made by our own simulator."""

from typing import Any

from napari_stem3d.simulation import Cuboid, Grid, simulate
from napari_stem3d.widgets._samples import sample_layers


def simulated_cuboids() -> list[tuple[Any, dict[str, Any], str]]:
    """Make eight images of five gold cuboids with two deformed corners, and the truth."""
    data = simulate(
        Cuboid(a=9.0, b=11.0, c=14.0),
        deformed_corners=2,
        frames=8,
        particles=5,
        grid=Grid((256, 256), (0.25, 0.25)),
        seed=1,
    )
    return sample_layers(list(data), "simulated cuboids")
