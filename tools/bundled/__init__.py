"""Training of the bundled networks, which digitlab/bundled/MODEL_CARD.md describes.

``reference`` trains the one that reads drawings, ``mnist_only`` the one trained on MNIST alone.
``out_of_distribution_fit`` fits the out-of-distribution rule, on drawings from ``non_digits``.
"""
