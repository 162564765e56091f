"""Tests of what a JSON text is found to hold before it is parsed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from core.api.json_text import MAX_DEPTH, BodyTooLarge, outline, parse_json, parse_lines
from core.text import shown

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text('[]{},:"\\aü\n', max_size=6)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('{":\\,a', max_size=4), inner),
    max_leaves=20,
)


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * depth + closing * depth).encode()


def containers(value: Any) -> list[Any]:
    """Return all objects and arrays in the value, itself included."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*([value] if isinstance(value, dict | list) else []), *(c for i in inner for c in containers(i))]


class TestOutline:
    @given(VALUES, st.booleans(), st.sampled_from([None, 1]))
    def test_counts_what_is_there_whatever_texts_hold(self, value, ascii_only, indent):
        found = outline(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode())

        inside = containers(value)
        assert found.n_containers == len(inside)
        assert found.n_fields == sum(len(one) for one in inside if isinstance(one, dict))
        assert found.n_elements >= sum(map(len, inside))

    @pytest.mark.parametrize("text", [b'"' + b'\\"' * 100_000 + b'"', b'["' + b'[","' * 60_000 + b'"]'])
    def test_looks_through_long_texts(self, text):
        assert not outline(text).is_too_deep

    @given(VALUES)
    def test_of_parsed_values_is_what_they_hold(self, value):
        assert parse_json(json.dumps(value).encode()) == value


class TestDepth:
    @pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1, 255, 1023, 30_000])
    @pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"[":', "}]")])
    def test_is_limited(self, depth, opening, closing):
        levels = len(containers(json.loads(opening + "1" + closing)))
        text = (opening * (depth // levels) + "1" + closing * (depth // levels)).encode()

        assert outline(text).is_too_deep == (depth // levels * levels > MAX_DEPTH)

    def test_of_many_flat_values_is_small(self):
        assert not outline(b"[" + b"[[]]," * 1000 + b"{}]").is_too_deep

    def test_is_told(self):
        with pytest.raises(ParseError, match="at most 32 levels"):
            parse_json(nested(33))


class TestParse:
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ('{"a": 1, "a": 2}', "The field 'a' occurs twice"),
            ('[{"b": {"c": 1, "b": {"\\u0061": 1, "a": 1}}}]', "The field 'a' occurs twice"),
            ('[{"a": 1}, {"a": 1, "a": 1}]', "The field 'a' occurs twice"),
            ("1e400", "not valid JSON"),
            ("9" * 5000, "not valid JSON"),
            ("-" + "9" * 5000, "not valid JSON"),
            ("NaN", "not valid JSON"),
            ("[Infinity]", "not valid JSON"),
            ('"\\ud800"', "not valid JSON"),
            ('"\\udc00\\ud800"', "not valid JSON"),
            ('"a\x00b"', "not valid JSON"),
            ("\x00", "not valid JSON"),
            ("\ufeff{}", "not valid JSON"),
            ("[" * 20, "not valid JSON"),
            ("{" * 3000 + "]" * 3000, "nested too deeply"),
            ("]" * 60_000, "not valid JSON"),
            ("", "not valid JSON"),
        ],
    )
    def test_refuses(self, text, problem):
        with pytest.raises(ParseError, match=problem):
            parse_json(text.encode())

    def test_refuses_bytes_that_are_no_text(self):
        with pytest.raises(ParseError, match="not valid JSON"):
            parse_json(b'"\xed\xa0\x80"')

    @pytest.mark.parametrize("text", [b"[" + b"{}," * 50 + b"{}]", b"[" + b"," * 200, b"[" * 101])
    def test_refuses_more_elements_than_allowed_before_it_parses(self, text):
        with pytest.raises(BodyTooLarge, match="more than 100 fields and elements"):
            parse_json(text, max_elements=100)

    def test_counts_no_commas_in_texts(self):
        assert parse_json(b'"' + b"," * 200 + b'"', max_elements=1) == "," * 200


class TestLines:
    def test_are_parsed_at_once(self):
        assert parse_lines([b'{"a":1}', b'{"a":"{,"}'], b'{"a":1}\n{"a":"{,"}') == [{"a": 1}, {"a": "{,"}]

    @pytest.mark.parametrize("line", [b"1", b"[]", b'{"a":[]}', b'{"a":1,"a":2}', b'{"a"', b'{"a":"'])
    def test_are_left_to_be_parsed_one_by_one(self, line):
        assert parse_lines([b'{"a":1}', line], b'{"a":1}\n' + line) is None


class TestShown:
    @pytest.mark.parametrize("value", [None, True, 7, 1.5, "", "x" * 80])
    def test_is_a_short_value_itself(self, value):
        assert shown(value) == value

    @given(VALUES)
    def test_is_the_beginning_of_the_json(self, value):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))

        if isinstance(value, dict | list):
            assert shown(value) == (text if len(text) <= 80 else text[:80] + "…")

    def test_stops_after_the_beginning(self):
        """A value that fails when more of it is read."""

        class Long(list):  # type: ignore[type-arg]
            def __iter__(self):
                yield from ["x" * 100, "y"]
                raise AssertionError("read too far")

        assert shown(Long([1])) == '["' + "x" * 78 + "…"
