"""Tables of the documentation are those of the cards."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_stem3d.networks.cards import figures_in_short
from napari_stem3d.networks.store import read_card
from napari_stem3d.plugins import get_network
from napari_stem3d.tasks.corners128 import DOSES, TASKS
from napari_stem3d.tasks.figure_tables import markdown, renewed
from napari_stem3d.tasks.figures import NETWORKS, conditions

PAGE = Path(__file__).parents[2] / "docs" / "networks.md"
ROW = {
    "network": "n",
    "task": "corners",
    "dose": "standard",
    "cuts": "small",
    "change": "none",
    "magnification": 1,
    "objects": 2000,
    "seed": 1,
    "accuracy": 81.25,
    "low": 79.5,
    "high": 82.9,
    "baseline": 11.11,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_page_shows_what_the_card_says(name: str) -> None:
    path = get_network(name).weights_path
    assert path is not None
    text = PAGE.read_text(encoding="utf-8")
    assert renewed(text, name, read_card(path)["figures"]) == text
    assert renewed(text, name, [ROW]) != text


def test_a_row_in_words() -> None:
    assert markdown("particle-classes", [ROW]).splitlines()[-1] == (
        "| `corners` | standard | small cuts | 2,000 | 81.2 % | 79.5 to 82.9 % | 11.1 % |"
    )
    scenes = {"task": "scenes", "f1": 90.6, "network": "u", "seed": 3}
    assert (
        markdown("particle-unet", [scenes]) == "| task | f1 |\n| --- | --- |\n| scenes | 90.6 |\n"
    )


def test_figures_in_short_are_those_at_the_reference_conditions() -> None:
    usual = ROW | {"cuts": "large"}
    assert figures_in_short({"figures": [ROW, usual]}) == ["corners 81.25 % (79.5 to 82.9)"]
    pixels = {"task": "pixel-wise", "figure": "foreground_iou", "value": 94.8}
    assert figures_in_short({"figures": [pixels]}) == ["foreground iou 94.8 %"]
    assert figures_in_short({"figures": [{"task": "of a stranger"}]}) == []
    assert figures_in_short({}) == []


def test_every_task_is_measured_at_every_dose() -> None:
    asked = [(s.task, s.dose) for s, change, _ in conditions(80) if change == "none"]
    assert {(task, dose) for task in TASKS for dose in DOSES} == set(asked)
    assert {number for *_, number in conditions(80)} == {80, 20}
