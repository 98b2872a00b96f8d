"""In which precision a network predicts on this machine."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

_FLAGS = ("amx_bf16", "avx512_bf16")  # of processors that multiply half as long numbers faster


@cache
def is_bfloat16_fast() -> bool:
    """Whether the processor itself computes with bfloat16; others imitate it, slowly.

    Only Linux tells; elsewhere the answer is no, which is right or costs some speed.
    """
    try:
        words = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return False
    return any(flag in words for flag in _FLAGS)


def suited(model: Any) -> Any:
    """Return a model as it predicts fastest here.

    Parameters
    ----------
    model : keras.Model
        Loaded model, with weights in single precision, whose layers may compute in bfloat16.

    Returns
    -------
    keras.Model
        The model itself, or where the processor has no bfloat16 and the model computes in it,
        the same layers and weights in single precision.
    """
    import keras

    mixed = any(layer.compute_dtype == "bfloat16" for layer in model.layers)
    is_graph = hasattr(model, "operations")  # only such models can be built again by layers
    if is_bfloat16_fast() or not mixed or not is_graph:
        return model

    def single(layer: keras.layers.Layer) -> keras.layers.Layer:
        return type(layer).from_config({**layer.get_config(), "dtype": "float32"})

    twin = keras.models.clone_model(model, clone_function=single)
    twin.set_weights(model.get_weights())
    return twin
