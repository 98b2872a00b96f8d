from __future__ import annotations

import pytest

pytestmark = pytest.mark.tensorflow


def test_the_encoder_halves_the_size_between_its_widths() -> None:
    import keras

    from napari_stem3d.networks.blocks import decoder, encoder, stem

    image = keras.Input((64, 96, 3))
    stages = encoder(stem(image, 4), (4, 6, 8))
    assert [s.shape[1:] for s in stages] == [(32, 48, 4), (16, 24, 6), (8, 12, 8)]
    assert decoder(stages, (4, 6, 8)).shape[1:] == (32, 48, 4)
    names = [layer.name for layer in keras.Model(image, decoder(stages, (4, 6, 8), "again")).layers]
    assert len(set(names)) == len(names)
