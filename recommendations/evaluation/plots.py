"""SVG plots: bars, points and curves, with intervals. The page's style sheet sets the colours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, isnan, log10

from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

N_COLOURS = 8
_WIDTH, _HEIGHT = 720.0, 340.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 24.0, 16.0, 56.0
_ROW = 34.0
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its 95 % interval; NaN where unknown."""

    value: float
    low: float
    high: float

    @property
    def is_known(self) -> bool:
        return not isnan(self.value)

    @property
    def has_interval(self) -> bool:
        return not isnan(self.low)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Maps values from 0 to `top` to pixels from `start` to `end`."""

    top: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Iterable[float], start: float, end: float) -> "_Scale":
        top = max((value for value in values if not isnan(value)), default=0.0) or 1.0
        step = _step(top)
        return cls(step * -(-top // step), start, end)

    def __call__(self, value: float) -> float:
        return self.start + (self.end - self.start) * value / self.top

    def ticks(self) -> list[float]:
        step = _step(self.top)
        return [step * n for n in range(round(self.top / step) + 1)]


def bars(estimates: Mapping[str, Estimate], *, label: str) -> SafeString:
    """Return a bar chart: one bar per name, with its interval and its value."""
    height = _TOP + _ROW * len(estimates) + _BOTTOM
    left = 150.0
    highs = [e.value if isnan(e.high) else e.high for e in estimates.values()]
    x = _Scale.over(highs, left, _WIDTH - 80)
    marks = [_x_axis(x, height, label)]
    for row, (name, estimate) in enumerate(estimates.items()):
        middle = _TOP + _ROW * (row + 0.5)
        marks.append(_text(left - 10, middle + 4, name, anchor="end", css="name"))
        if not estimate.is_known:
            continue
        css = f"c{row % N_COLOURS}"
        title = f"{name}: {_format(estimate)}"
        size = {"x": _n(left), "y": _n(middle - 10), "width": _n(x(estimate.value) - left), "height": "20"}
        marks.append(_mark("rect", title, **size, rx="2", css=f"fill {css}"))
        if estimate.has_interval:
            marks.append(_whisker([(x(estimate.low), middle), (x(estimate.high), middle)]))
        marks.append(_text(x(max(estimate.value, highs[row])) + 8, middle + 4, f"{estimate.value:.3f}"))
    return _svg(marks, height, label)


def scatter(points: Mapping[str, tuple[float, float]], *, x_label: str, y_label: str) -> SafeString:
    """Return a scatter plot: one point (x, y) per name."""
    x = _Scale.over((across for across, _ in points.values()), _LEFT, _WIDTH - 120)
    y = _Scale.over((up for _, up in points.values()), _HEIGHT - _BOTTOM, _TOP)
    marks = [_x_axis(x, _HEIGHT, x_label), _y_axis(y, x.end, y_label)]
    for n, (name, (across, up)) in enumerate(points.items()):
        if not isnan(across + up):
            place = {"cx": _n(x(across)), "cy": _n(y(up)), "r": "6"}
            title = f"{name}: {x_label} {across:.3f}, {y_label} {up:.3f}"
            marks.append(_mark("circle", title, **place, css=f"fill c{n % N_COLOURS}"))
            marks.append(_text(x(across) + 10, y(up) + 4, name, css="name"))
    return _svg(marks, _HEIGHT, f"{y_label} over {x_label}")


def curves(
    groups: Sequence[str], lines: Mapping[str, Sequence[Estimate]], *, x_label: str, y_label: str
) -> SafeString:
    """Return a line chart: one line per name over the groups, with intervals and a legend."""
    estimates = [e for line in lines.values() for e in line]
    y = _Scale.over([e.value for e in estimates] + [e.high for e in estimates], _HEIGHT - _BOTTOM, _TOP)
    end = _WIDTH - 140
    step = (end - _LEFT) / max(len(groups), 1)
    marks = [_y_axis(y, end, y_label), _text((_LEFT + end) / 2, _HEIGHT - 10, x_label, anchor="middle")]
    for group, name in enumerate(groups):
        middle = _LEFT + step * (group + 0.5)
        marks.append(_text(middle, _HEIGHT - _BOTTOM + 18, name, anchor="middle"))
    for n, (name, line) in enumerate(lines.items()):
        css = f"c{n % N_COLOURS}"
        # Shift each line a little, so that the intervals do not overlap.
        offset = (n - (len(lines) - 1) / 2) * min(8.0, step / (len(lines) + 1))
        places = [(_LEFT + step * (g + 0.5) + offset, e) for g, e in enumerate(line) if e.is_known]
        path = " ".join(f"{_n(across)},{_n(y(e.value))}" for across, e in places)
        marks.append(_tag("polyline", points=path, css=f"line {css}"))
        for across, estimate in places:
            if estimate.has_interval:
                marks.append(_whisker([(across, y(estimate.low)), (across, y(estimate.high))]))
            place = {"cx": _n(across), "cy": _n(y(estimate.value)), "r": "4"}
            marks.append(_mark("circle", f"{name}: {_format(estimate)}", **place, css=f"fill {css}"))
        top = _TOP + 10 + 20 * n
        marks.append(_tag("rect", x=_n(end + 12), y=_n(top - 9), width="10", height="10", css=f"fill {css}"))
        marks.append(_text(end + 28, top, name, css="name"))
    return _svg(marks, max(_HEIGHT, _TOP + 30 + 20 * len(lines)), f"{y_label} by {x_label}")


def _x_axis(x: _Scale, height: float, label: str) -> SafeString:
    """Return the grid lines, numbers and label of the x axis."""
    bottom = height - _BOTTOM
    lines = [
        _tag("line", x1=_n(x(t)), x2=_n(x(t)), y1=_n(_TOP), y2=_n(bottom), css="grid") for t in x.ticks()
    ]
    numbers = [_text(x(t), bottom + 18, f"{t:g}", anchor="middle") for t in x.ticks()]
    return _joined([*lines, *numbers, _text((x.start + x.end) / 2, height - 10, label, anchor="middle")])


def _y_axis(y: _Scale, end: float, label: str) -> SafeString:
    """Return the grid lines, numbers and label of the y axis."""
    lines = [_tag("line", x1=_n(_LEFT), x2=_n(end), y1=_n(y(t)), y2=_n(y(t)), css="grid") for t in y.ticks()]
    numbers = [_text(_LEFT - 8, y(t) + 4, f"{t:g}", anchor="end") for t in y.ticks()]
    middle = _n((y.start + y.end) / 2)
    rotated = _tag("text", label, transform=f"translate(16 {middle}) rotate(-90)", text_anchor="middle")
    return _joined([*lines, *numbers, rotated])


def _whisker(ends: Sequence[tuple[float, float]]) -> SafeString:
    return _tag("polyline", points=" ".join(f"{_n(x)},{_n(y)}" for x, y in ends), css="whisker")


def _text(x: float, y: float, words: str, *, anchor: str = "start", css: str = "") -> SafeString:
    return _tag("text", words, x=_n(x), y=_n(y), text_anchor=anchor, css=css)


def _mark(name: str, title: str, **attributes: str) -> SafeString:
    """Return a shape with a title for tooltips and screen readers."""
    return _tag(name, _tag("title", title), **attributes)


def _svg(marks: Sequence[SafeString], height: float, label: str) -> SafeString:
    return _tag("svg", _joined(marks), viewBox=f"0 0 {_n(_WIDTH)} {_n(height)}", role="img", aria_label=label)


def _tag(name: str, content: str = "", **attributes: str) -> SafeString:
    """Return an element with everything escaped. css: its class; underscores in names become hyphens"""
    named = {"class" if key == "css" else key.replace("_", "-"): v for key, v in attributes.items() if v}
    return format_html("<{}{}>{}</{}>", name, flatatt(named), content, name)


def _joined(parts: Sequence[SafeString]) -> SafeString:
    return format_html_join("\n", "{}", ((part,) for part in parts))


def _format(estimate: Estimate) -> str:
    if not estimate.has_interval:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _step(top: float) -> float:
    """Return the distance between about five ticks: 1, 2 or 5 times a power of ten."""
    power: float = 10.0 ** floor(log10(top / _TICKS))
    return next(power * n for n in (1, 2, 5, 10) if power * n * _TICKS >= top * (1 - 1e-9))


def _n(pixels: float) -> str:
    return f"{pixels:.1f}"
