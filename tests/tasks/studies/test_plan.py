"""What a study tries."""

from __future__ import annotations

import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.tasks.studies import KINDS, Study


def test_every_kind_tries_what_was_promised() -> None:
    """ST-12 to ST-14: batches of 1 to 512, six losses and the usual one, seven optimizers."""
    tried = {
        kind: list(dict.fromkeys(job.value for job in Study(kind).jobs(2000))) for kind in KINDS
    }
    assert tried["size"] == ["125", "250", "500", "1000", "2000"]
    assert tried["batch"] == [str(2**k) for k in range(10)]
    assert set(tried["loss"]) > {"mse", "mae", "squared_hinge", "log_cosh", "bce", "poisson"}
    assert tried["optimizer"] == "sgd rmsprop adagrad adadelta adam adamax nadam".split()


def test_one_choice_varies_and_the_others_stay() -> None:
    jobs = list(Study("batch", (4, 8), rates=(0.1, 0.01), runs=2, loss="mse").jobs(100))
    assert [job.key for job in jobs] == [
        (value, rate, run) for run in (0, 1) for value in ("4", "8") for rate in ("0.1", "0.01")
    ]
    assert {(job.images, job.loss, job.optimizer) for job in jobs} == {(100, "mse", "adam")}
    assert [job.batch for job in jobs[:4]] == [4, 4, 8, 8]
    assert [job.images for job in Study("size", (10, 20), runs=1).jobs(20)] == [10, 20]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "colour"}, "kind must be one of size"),
        ({"kind": "loss", "values": ("colour",)}, "A loss must be one of cce"),
        ({"kind": "optimizer", "values": (3,)}, "An optimizer must be"),
        ({"kind": "batch", "values": (0,)}, "A batch must be a whole number"),
        ({"kind": "size", "values": (2.5,)}, "A number of images must be"),
        ({"kind": "size", "rates": (-1.0,)}, "learning rate"),
        ({"kind": "size", "runs": 0}, "runs must be"),
        ({"kind": "size", "seed": -1}, "seed must be"),
    ],
)
def test_what_cannot_be_studied_is_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=f"{words}.*Received: "):
        Study(**wrong)  # type: ignore[arg-type]


def test_a_size_beyond_the_images_is_refused() -> None:
    with pytest.raises(InputError, match=r"at most that of the training set, 100. Received: 200"):
        list(Study("size", (50, 200)).jobs(100))
