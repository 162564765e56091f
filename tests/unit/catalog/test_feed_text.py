"""Tests of the text of HTML."""

import pytest

from catalog.importing.feeds.text import line_of, text_of, url_of


class TestTextOf:
    @pytest.mark.parametrize(
        ("markup", "text"),
        [
            ("<p>Soft &amp; light</p><p>Warm</p>", "Soft & light\nWarm"),
            ("a<br>b<br/>c", "a\nb\nc"),
            ("<ul><li>one<li>two</ul>", "one\ntwo"),
            ("<b>bo</b>ld", "bold"),
            ("<table><tr><td>Size</td><td>M</td></tr></table>", "Size M"),
            ("<style>p {}</style>a<script>alert('</p>')</script><!-- c -->b", "ab"),
            ("a<script>never closed", "a"),
            ("</div></body></html>after", "after"),
            ("5 < 6 and a <3 b", "5 < 6 and a <3 b"),
            ("hi&nbsp;there&euro;&#8364;", "hi there€€"),
            ("&amp;lt;", "&lt;"),
            ("plain\n  text ", "plain\n  text"),
            ("", ""),
        ],
    )
    def test_has_a_line_for_each_block(self, markup, text):
        assert text_of(markup) == text

    @pytest.mark.parametrize(
        "markup", ["<div>" * 50_000 + "x", "<b><i>" * 50_000 + "x", "<p>" * 50_000 + "x"]
    )
    def test_loses_nothing_that_is_nested_deeply(self, markup):
        assert text_of(markup) == "x"

    def test_keeps_nothing_of_the_text_before(self):
        text_of("<script>open <p>left")

        assert text_of("<p>next</p>") == "next"


def test_line_of_decodes_entities():
    assert line_of(" Salt &amp;\n Pepper ") == "Salt & Pepper"


def test_url_of_completes_what_browsers_take():
    assert url_of(" //cdn.example/a b.jpg") == "https://cdn.example/a%20b.jpg"
