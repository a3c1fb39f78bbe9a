"""The Train page: the sliders, the network that they build, and a run from its start to the end."""
