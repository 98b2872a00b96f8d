"""The napari plugin: thin panels that collect arguments, call what scripts call too, and show."""
