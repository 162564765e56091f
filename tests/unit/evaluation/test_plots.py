"""Plots: the positions and sizes of their marks."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.evaluation.plots import Estimate, bars, curves, scatter

VALUES = st.floats(0, 1e6, allow_subnormal=False) | st.just(float("nan"))


def marks(svg: str, name: str, css: str) -> list[dict[str, str]]:
    found = ElementTree.fromstring(svg).iter(name)  # noqa: S314  our own
    return [mark.attrib for mark in found if css in mark.get("class", "")]


class TestBars:
    def test_are_as_long_as_their_values(self):
        svg = bars({"a": Estimate(0.1, 0.05, 0.15), "b": Estimate(0.2, 0.2, 0.2)}, label="x")

        short, long = (float(bar["width"]) for bar in marks(svg, "rect", "fill"))

        assert long == pytest.approx(2 * short, abs=0.2)

    def test_have_a_line_over_their_interval(self):
        svg = bars({"a": Estimate(0.1, 0.05, 0.15)}, label="x")

        (bar,), (line,) = marks(svg, "rect", "fill"), marks(svg, "polyline", "whisker")

        low, high = (float(place.split(",")[0]) for place in line["points"].split())
        end = float(bar["x"]) + float(bar["width"])
        assert (low + high) / 2 == pytest.approx(end, abs=0.2)
        assert high - low == pytest.approx(float(bar["width"]), abs=0.2)


class TestScatter:
    def test_puts_more_further_right_and_further_up(self):
        svg = scatter({"low": (0.1, 0.1), "high": (0.2, 0.3)}, x_label="x", y_label="y")

        low, high = marks(svg, "circle", "fill")

        assert float(low["cx"]) < float(high["cx"])
        assert float(low["cy"]) > float(high["cy"])


class TestCurves:
    def test_leave_out_what_cannot_be_said(self):
        nothing = Estimate(float("nan"), float("nan"), float("nan"))

        svg = curves(["1", "2"], {"a": [Estimate(1, 0.5, 1.5), nothing]}, x_label="x", y_label="y")

        assert len(marks(svg, "circle", "fill")) == 1


class TestEveryPlot:
    @given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs", "Cc"])), VALUES, max_size=10))
    def test_is_well_formed_and_stays_within_its_frame(self, values: dict[str, float]):
        estimates = {name: Estimate(v, v / 2, v * 1.5) for name, v in values.items()}

        for svg in (
            bars(estimates, label="<x>"),
            scatter({name: (v, v) for name, v in values.items()}, x_label="x&", y_label="y"),
            curves(["<1>", "2"], {name: [e, e] for name, e in estimates.items()}, x_label="x", y_label="y"),
        ):
            drawn = ElementTree.fromstring(svg)  # noqa: S314
            width, height = map(float, drawn.attrib["viewBox"].split()[2:])
            assert not any("nan" in value for mark in drawn.iter() for value in mark.attrib.values())
            for mark in marks(svg, "circle", "fill"):
                assert 0 <= float(mark["cx"]) <= width
                assert 0 <= float(mark["cy"]) <= height
            for mark in marks(svg, "rect", "fill"):
                assert 0 <= float(mark["x"]) + float(mark["width"]) <= width
