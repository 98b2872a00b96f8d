"""Built-in networks, registered through the same hook as everybody's."""

from __future__ import annotations

from napari_stem3d.plugins import NetworkSpec, hookimpl

_WEIGHTS = "napari_stem3d.networks:weights/{}.keras"


@hookimpl
def register_networks() -> list[NetworkSpec]:
    """Networks that come with the package, trained."""
    return [
        NetworkSpec(
            name="particle-unet",
            task="segmentation",
            builder="napari_stem3d.networks.unet:build_particle_unet",
            weights=_WEIGHTS.format("particle-unet"),
            description="interior, boundary and thickness of particles, pixel by pixel",
        ),
        NetworkSpec(
            name="particle-classes",
            task="classification",
            builder="napari_stem3d.networks.classifiers:build_particle_classifier",
            weights=_WEIGHTS.format("particle-classes"),
            description="shape and number of deformed corners of single particles",
        ),
    ]
