"""What is seen inside a network, and where it fails: numbers alone, no pictures and no pages.

Inside: ``filters``, ``feature_maps``, ``by_hand``; ``explain`` asks why a drawing is read so.
Failing: ``mistakes``, ``reliability``, ``comparison`` of two networks. On the way: ``journey``.
"""
