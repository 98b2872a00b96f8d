"""Probability of the right answer against dose, a curve for each number of views."""

from typing import Any

from napari_stem3d.analysis.planning import Plan
from napari_stem3d.widgets._curve import Curve

HEIGHT = 240  # pixels
COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00")


class ChanceCurve(Curve):
    """Curves of a plan."""

    def __init__(self, theme: str) -> None:
        super().__init__(theme, HEIGHT)

    def display(self, plan: Plan) -> None:
        """Show the chances of a plan, with the wanted one and the dose to take."""
        axes: Any = self.axes
        axes.clear()
        for (views, right), colour in zip(plan.chances.items(), COLOURS):
            label = "1 view" if views == 1 else f"{views} views"
            axes.plot(plan.doses * views, 100 * right, color=colour, label=label)
        wanted, best = 100 * plan.question.probability, plan.recommended
        axes.axhline(wanted, color=self._text, linewidth=0.8, linestyle=":")
        axes.plot(best.total_dose, 100 * best.probability, "o", color=self._text)
        axes.set_xscale("log")
        low = max(1.0, best.total_dose / 20)
        axes.set(xlim=(low, best.total_dose * 5), ylim=(45, 101))
        axes.set(xlabel="dose, all views together (e⁻/nm²)", ylabel="right answers (%)")
        axes.legend(frameon=False, labelcolor=self._text, fontsize="small", loc="lower right")
        for part in (axes.xaxis, axes.yaxis):
            part.label.set_color(self._text)
        axes.tick_params(which="both", colors=self._text)
        for spine in axes.spines.values():
            spine.set_color(self._text)
        self.show()
        self.draw_idle()
