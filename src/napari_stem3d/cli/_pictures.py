"""The pictures of `stem3d demo`, drawn without a window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes

    from napari_stem3d.signals import Stack


class Pictures:
    """Draws into one folder.

    Parameters
    ----------
    folder : Path
        Where the pictures go.
    stack : Stack
        The image or stack; its first frame is drawn.
    """

    def __init__(self, folder: Path, stack: Stack) -> None:
        self.folder = folder
        self.frame = stack.frame(0)
        sampling = stack.sampling_nm
        self.unit = "nm" if sampling else "pixels"
        self.dy, self.dx = sampling or (1.0, 1.0)

    def draw_image(self) -> Path:
        """Draw the image as it is."""
        figure, axes = self._start()
        self._show(axes, self.frame, "gray")
        return self._finish(figure, "image.png")

    def draw_thickness(self, thickness: np.ndarray) -> Path:
        """Draw the thickness [pixels] that the network guesses."""
        figure, axes = self._start()
        picture = self._show(axes, thickness * (self.dy * self.dx) ** 0.5, "magma")
        figure.colorbar(picture, ax=axes, label=f"thickness, a guess ({self.unit})", shrink=0.8)
        return self._finish(figure, "thickness.png")

    def draw_classes(self, labels: np.ndarray, table: pd.DataFrame) -> Path:
        """Draw the outlines, coloured by shape, and how many corners of a particle are deformed.

        Parameters
        ----------
        labels : ndarray, shape (ny, nx)
            Labels of the first frame.
        table : pandas.DataFrame
            Its particles, as `classify_frame` tells them.
        """
        import numpy as np
        from scipy.ndimage import binary_dilation
        from skimage.segmentation import find_boundaries

        figure, axes = self._start()
        self._show(axes, self.frame, "gray")
        # One line of pixels is lost when a large image is drawn small.
        outlines = binary_dilation(
            find_boundaries(labels, mode="inner"), iterations=max(labels.shape) // 600 + 1
        )
        for name, color in self._colors(table).items():
            of_class = table.loc[table["shape"] == name, "particle"]
            self._paint(axes, outlines & np.isin(labels, of_class), color)
            axes.plot([], [], "s", color=color, label=f"{name} ({len(of_class)})")
        for y, x, corners in table.loc[table["corners"] > 0, ["y", "x", "corners"]].to_numpy():
            axes.text(
                x * self.dx, y * self.dy, f"{corners:.0f}", color="red", ha="center", va="center"
            )
        if len(table):
            title = "shape (particles)\nred: deformed corners"
            axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False, title=title)
        return self._finish(figure, "classes.png")

    def draw_sizes(self, table: pd.DataFrame, column: str) -> Path:
        """Draw the histogram of a column, such as ``diameter_nm``, by shape."""
        from matplotlib.ticker import MaxNLocator

        figure, axes = self._start()
        colors = self._colors(table)
        sizes = [table.loc[table["shape"] == name, column] for name in colors]
        if sizes:
            axes.hist(sizes, bins=12, stacked=True, color=list(colors.values()), label=list(colors))
            axes.legend(frameon=False)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        name, _, unit = column.rpartition("_")
        axes.set(xlabel=f"{name} of a circle of equal area ({unit})", ylabel="particles")
        return self._finish(figure, "sizes.png")

    def _start(self) -> tuple[Any, Axes]:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 5), dpi=150, layout="constrained")
        FigureCanvasAgg(figure)
        return figure, figure.add_subplot()

    def _finish(self, figure: Any, name: str) -> Path:
        from napari_stem3d.signals import write_beside

        path = self.folder / name
        with write_beside(path) as beside:
            figure.savefig(beside)
        return path

    def _extent(self) -> tuple[float, float, float, float]:
        ny, nx = self.frame.shape
        return -self.dx / 2, (nx - 0.5) * self.dx, (ny - 0.5) * self.dy, -self.dy / 2

    def _show(self, axes: Axes, image: np.ndarray, colors: str) -> Any:
        import numpy as np

        low, high = np.nanpercentile(image, (0.5, 99.8))
        axes.set(xlabel=f"x ({self.unit})", ylabel=f"y ({self.unit})")
        return axes.imshow(image, cmap=colors, vmin=low, vmax=high, extent=self._extent())

    def _paint(self, axes: Axes, mask: np.ndarray, color: Any) -> None:
        import numpy as np
        from matplotlib.colors import to_rgba

        layer = np.zeros((*mask.shape, 4))
        layer[mask] = to_rgba(color)
        axes.imshow(layer, extent=self._extent(), interpolation="nearest")

    def _colors(self, table: pd.DataFrame) -> dict[str, Any]:
        from matplotlib import colormaps

        names = sorted(set(table["shape"]))
        return {name: colormaps["tab10"](i % 10) for i, name in enumerate(names)}
