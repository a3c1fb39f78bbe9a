"""Analyses of a trained network as numbers; the charts and pages are elsewhere.

What it computes: ``filters``, ``feature_maps``, ``by_hand``; why it reads a drawing so:
``explain``.
How well it predicts: ``metrics``, ``reliability``, ``comparison`` of two, and ``journey`` by epoch.
"""
