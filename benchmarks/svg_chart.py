"""A chart of latency against store size, as SVG: two logarithmic axes, a line for each engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil, floor, log10
from xml.sax.saxutils import escape

Series = list[tuple[int, float, float]]
"""(runs, geometric mean in microseconds, slowest filter in microseconds) for each size."""

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#666666")
_LEFT, _TOP, _WIDTH, _HEIGHT = 80, 50, 480, 320


def draw_chart(title: str, series: Mapping[str, Series]) -> str:
    """The SVG text: a solid line for the geometric mean, a dashed one for the slowest filter."""
    runs = sorted({size for points in series.values() for size, _, _ in points})
    values = [value for points in series.values() for _, mean, worst in points
              for value in (mean, worst)]  # fmt: skip
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    span = max(1e-9, log10(runs[-1] / runs[0]))

    def place(size: int, value: float) -> str:
        x = _LEFT + _WIDTH * (log10(size / runs[0]) / span if len(runs) > 1 else 0.5)
        y = _TOP + _HEIGHT * (high - log10(value)) / (high - low)
        return f"{x:.1f},{y:.1f}"

    lines = [*_frame(title, low, high)]
    for size in runs:
        x, _ = place(size, 10.0**low).split(",")
        lines.append(_text(x, _TOP + _HEIGHT + 20, f"{size:,} runs", "middle"))
    for at, (name, points) in enumerate(series.items()):
        colour = _COLOURS[at % len(_COLOURS)]
        for which, dash in ((1, ""), (2, ' stroke-dasharray="5 4"')):
            path = " ".join(place(point[0], point[which]) for point in points)
            lines.append(
                f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
            )
        y = _TOP + 20 * at + 10
        lines.append(f'<rect x="{_LEFT + _WIDTH + 20}" y="{y - 9}" width="14" height="4" '
                     f'fill="{colour}"/>')  # fmt: skip
        lines.append(_text(_LEFT + _WIDTH + 40, y, name, "start"))
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _frame(title: str, low: int, high: int) -> Iterator[str]:
    width, height = _LEFT + _WIDTH + 150, _TOP + _HEIGHT + 60
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="13">'
    )
    yield f'<rect width="{width}" height="{height}" fill="white"/>'
    yield _text(_LEFT, 28, title, "start")
    for power in range(low, high + 1):
        y = _TOP + _HEIGHT * (high - power) / (high - low)
        yield f'<path d="M{_LEFT} {y:.1f}h{_WIDTH}" stroke="#ddd"/>'
        yield _text(_LEFT - 8, y + 4, _duration(10.0**power), "end")
    yield _text(
        _LEFT, _TOP + _HEIGHT + 45, "solid: geometric mean; dashed: slowest filter", "start"
    )


def _duration(microseconds: float) -> str:
    if microseconds >= 1e6:
        return f"{microseconds / 1e6:g} s"
    return f"{microseconds / 1e3:g} ms" if microseconds >= 1e3 else f"{microseconds:g} us"


def _text(x: float | str, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
