"""Segment particles: every particle of an image or stack as a label with its size."""

from typing import Any

import pandas as pd
from magicgui.widgets import CheckBox

from napari_stem3d.signals import Stack
from napari_stem3d.widgets._image_panel import ImagePanel
from napari_stem3d.widgets._layers import FrameLayer, ParticleLayer


class SegmentWidget(ImagePanel):
    """Image and network in; labels, a table of sizes and the thickness map out."""

    function = "napari_stem3d.widgets._work:segment"
    task = "segmentation"

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.with_thickness = CheckBox(
            label="thickness map", tooltip="add the thickness as the network guesses it, in pixels"
        )
        self.add(self.image, self.network, self.with_thickness)
        self.add_run_buttons()

    def begin(self, stack: Stack, name: str, only: int | None) -> None:
        """Make the empty layers."""
        self.thickness = None
        if self.with_thickness.value:
            self.thickness = FrameLayer(
                self.viewer,
                stack,
                f"{name} thickness [px]",
                "image",
                "segment thickness",
                only=only,
                colormap="viridis",
            )
        self.particles = ParticleLayer(
            self.viewer, stack, f"{name} particles", "segment particles", only=only, opacity=0.5
        )

    def show(self, index: int, value: Any) -> None:
        """Show the particles of a frame."""
        labels, thickness, table = value
        self.particles.add(index, labels, table)
        if self.thickness is not None:
            self.thickness.set_frame(index, thickness)
            self.thickness.layer.reset_contrast_limits()

    def show_table(self) -> None:
        """Show the sizes of all particles so far."""
        self.summary.setText(summary_text(self.particles.update_features()))


def summary_text(features: pd.DataFrame) -> str:
    """Return how many particles there are, and how large they are in the middle."""
    count = f"{len(features)} particle{'' if len(features) == 1 else 's'}"
    column = next((name for name in features if name.startswith("diameter_")), None)
    if column is None:
        return count
    return f"{count}, median diameter {features[column].median():.3g} {column[-2:]}"
