"""How the networks that come with the lab are made; digitlab/bundled/MODEL_CARD.md says of what.

``reference`` trains the one that reads drawings, ``mnist_only`` the one that has seen MNIST alone.
``out_of_distribution_fit`` fits the out-of-distribution rule, on drawings from ``non_digits``.
"""
