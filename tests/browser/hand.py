"""A person's hand on the sheet of the Draw page: with a mouse, or with a finger."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from playwright.sync_api import Locator, Page, expect

Stroke = Sequence[tuple[float, float]]

# Strokes on a canvas whose sides are 1, as a person draws them.
SEVEN: list[Stroke] = [
    [(0.28, 0.25), (0.5, 0.25), (0.7, 0.25), (0.6, 0.45), (0.5, 0.65), (0.42, 0.82)]
]
ONE: list[Stroke] = [[(0.5, 0.15), (0.5, 0.35), (0.5, 0.6), (0.5, 0.85)]]


def canvas_of(page: Page) -> Locator:
    canvas = page.locator("canvas").last
    expect(canvas).to_be_visible()
    return canvas


def draw(
    page: Page, strokes: Sequence[Stroke], *, scale: float = 1.0, at: tuple[float, float] = (0, 0)
) -> None:
    """Draw with the mouse; ``scale`` and ``at`` shrink and shift the strokes on the canvas."""
    box = canvas_of(page).bounding_box()
    assert box is not None
    for stroke in strokes:
        points = [
            (
                box["x"] + box["width"] * (at[0] + scale * x),
                box["y"] + box["height"] * (at[1] + scale * y),
            )
            for x, y in stroke
        ]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points:
            page.mouse.move(*point, steps=6)
        page.mouse.up()


def finger(page: Page, points: Sequence[tuple[float, float]], steps: int = 6) -> None:
    """One stroke with a finger, as Chromium's own touch events; ``steps`` moves to each point."""
    session = page.context.new_cdp_session(page)

    def touch(kind: str, points: Sequence[tuple[float, float]]) -> None:
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]},
        )

    touch("touchStart", [points[0]])
    for before, after in itertools.pairwise(points):
        for step in range(1, steps + 1):
            share = step / steps
            touch(
                "touchMove",
                [
                    (
                        before[0] + share * (after[0] - before[0]),
                        before[1] + share * (after[1] - before[1]),
                    )
                ],
            )
    touch("touchEnd", [])
