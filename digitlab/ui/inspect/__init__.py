"""The Inspect page's views: each answers a part of one of its three questions."""
