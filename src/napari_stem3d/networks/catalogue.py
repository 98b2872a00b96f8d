"""Built-in networks, registered through the same hook as everybody's."""

from __future__ import annotations

from napari_stem3d.plugins import NetworkSpec, hookimpl

_WEIGHTS = "napari_stem3d.networks:weights/{}.keras"
_RECIPES = "napari_stem3d.tasks.recipes:"
_BACKBONES = {
    "inception-v3": "Inception-v3 without its last layer, 2,048 features of 299 pixels",
    "inception-resnet-v2": "Inception-ResNet-v2, 1,536 features of 299 pixels",
    "resnet50-v2": "ResNet-50 v2, 2,048 features of 224 pixels",
    "efficientnet-v2-b0": "EfficientNet-v2 B0, 1,280 features of 224 pixels",
    "mobilenet-v2": "MobileNet-v2, 1,280 features of 224 pixels, the fastest",
}
_SCRATCH = {
    "small-cnn": "small residual network for whole images",
    "vgg-like": "VGG-like network of the Pied-Ho classifiers, for whole images",
    "deepdog": "light separable network of the Pied-Ho classifiers, for whole images",
}


@hookimpl
def register_networks() -> list[NetworkSpec]:
    """Networks that come with the package, and those that one trains on images of one's own."""
    return [
        NetworkSpec(
            name="particle-unet",
            task="segmentation",
            builder="napari_stem3d.networks.unet:build_particle_unet",
            weights=_WEIGHTS.format("particle-unet"),
            description="interior, boundary and thickness of particles, pixel by pixel",
            recipe=f"{_RECIPES}PARTICLE_UNET",
        ),
        NetworkSpec(
            name="particle-classes",
            task="classification",
            builder="napari_stem3d.networks.classifiers:build_particle_classifier",
            weights=_WEIGHTS.format("particle-classes"),
            description="shape and number of deformed corners of single particles",
            recipe=f"{_RECIPES}PARTICLE_CLASSES",
        ),
        NetworkSpec(
            name="same-particle",
            task="ground-truth",
            builder="napari_stem3d.networks.sets:build_set_classifier",
            weights=_WEIGHTS.format("same-particle"),
            description="what one object is, from all images that show it in unknown poses",
            recipe="napari_stem3d.tasks.sets:SAME_PARTICLE",
        ),
        NetworkSpec(
            name="particle-images",
            task="image-classification",
            builder="napari_stem3d.networks.images:build_image_classifier",
            weights=_WEIGHTS.format("particle-images"),
            description="whether a cuboid is deformed, and where, learnt from labels alone",
            recipe="napari_stem3d.tasks.weak:PARTICLE_IMAGES",
        ),
        *_untrained("backbone", "backbones", _BACKBONES),
        *_untrained("image-classification", "scratch", _SCRATCH),
    ]


def _untrained(task: str, module: str, descriptions: dict[str, str]) -> list[NetworkSpec]:
    """Networks without weights, each built by the function of its name."""
    return [
        NetworkSpec(
            name=name,
            task=task,
            builder=f"napari_stem3d.networks.{module}:build_{name.replace('-', '_')}",
            description=description,
        )
        for name, description in descriptions.items()
    ]
