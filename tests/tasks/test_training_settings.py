"""Settings of a training, and their file."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.tasks.training_settings import (
    FREE,
    Training,
    read_training,
    training_from_dict,
    training_to_dict,
    write_training,
)

BASE = Training(steps=50, loss_weights={"shape": 0.5, "corners": 1.0})


def test_a_file_keeps_everything(tmp_path: Path) -> None:
    changed = dataclasses.replace(BASE, views=4, start="mine.keras", loss_weights={"shape": 2.0})
    write_training(changed, tmp_path / "all.toml")
    tables = tomllib.loads((tmp_path / "all.toml").read_text())
    assert set(tables) == {f.name for f in dataclasses.fields(Training)}
    read = read_training(tmp_path / "all.toml", BASE)
    assert read == dataclasses.replace(changed, loss_weights={"shape": 2.0, "corners": 1.0})


def test_what_is_missing_comes_from_the_recipe() -> None:
    settings = training_from_dict({"batch": 7, "loss_weights": {"shape": 3}}, BASE)
    assert (settings.batch, settings.steps) == (7, 50)
    assert settings.loss_weights == {"shape": 3, "corners": 1.0}
    assert training_from_dict({}, BASE) == BASE


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"step": 5}, "the keys must be among steps, batch, .*, loss_weights. Received: 'step'"),
        ({"steps": 0}, "Training.steps must lie between 1 and .* Received: 0"),
        ({"steps": "many"}, "Training.steps must lie between .* Received: 'many'"),
        ({"batch": 2.5}, "Training.batch must be a whole number. Received: 2.5"),
        (
            {"precision": "half"},
            "Training.precision must be one of mixed_bfloat16, float32. Received: 'half'",
        ),
        ({"views": 9}, "Training.views must lie between 1 and 8. Received: 9"),
        ({"loss_weights": 3}, "loss_weights must be a table. Received: 3"),
        (
            {"loss_weights": {"colour": 1}},
            "the keys of loss_weights must be among shape, corners. Received: 'colour'",
        ),
        (
            {"loss_weights": {"shape": -1}},
            "The loss weight of shape must be a number from 0. Received: -1",
        ),
        ({"seed": 2}, "validation_seed must be another number than seed.* Received: 2 for both"),
    ],
)
def test_what_cannot_be_is_one_sentence_with_the_file(
    tables: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    import tomli_w

    with pytest.raises(InputError, match=sentence):
        training_from_dict(tables, BASE)
    path = tmp_path / "wrong.toml"
    path.write_text(tomli_w.dumps(tables))
    with pytest.raises(InputError, match=rf"^In .*wrong\.toml, {sentence}"):
        read_training(path, BASE)


def test_only_what_does_not_change_the_network_may_change_on_the_way() -> None:
    assert set(FREE) == {"checkpoint", "workers", "author", "licence"}
    assert set(FREE) <= set(training_to_dict(BASE))
