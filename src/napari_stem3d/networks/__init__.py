"""Networks in pure Keras 3; they know neither the simulation nor napari."""
