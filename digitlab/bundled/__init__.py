"""The networks that come with the lab, and how each is made; MODEL_CARD.md says what they can do.

``reference`` trains the one that reads drawings, ``mnist_only`` the one that has seen MNIST alone.
``unsure_fit`` fits when a drawing is called unsure, on the drawings of ``non_digits``.
"""
