"""The door through which shapes, deformations and networks come in, ours and those of others."""

from napari_stem3d.plugins._manager import (
    PluginWarning,
    Refusal,
    Registry,
    get_deformation,
    get_network,
    get_shape,
    registry,
    reset,
)
from napari_stem3d.plugins._network_spec import NetworkSpec
from napari_stem3d.plugins.hookspecs import hookimpl, hookspec

__all__ = [
    "NetworkSpec",
    "PluginWarning",
    "Refusal",
    "Registry",
    "get_deformation",
    "get_network",
    "get_shape",
    "hookimpl",
    "hookspec",
    "registry",
    "reset",
]
