"""Every link between Markdown files leads to a file and a heading that exist; offline."""

from pathlib import Path

import pytest

from tests.repo import markdown
from tests.repo.markdown import ROOT, anchors, broken_links

PAGES = markdown.pages()


class TestPages:
    def test_are_found(self):
        assert {"README.md", "CONTRIBUTING.md", "docs/index.md", "data/example_shop/README.md"} <= {
            str(page.relative_to(ROOT)) for page in PAGES
        }

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
    def test_link_only_to_what_exists(self, page: Path):
        assert broken_links(page, page.read_text()) == []

    def test_of_the_site_link_only_to_pages_of_the_site(self):
        docs = ROOT / "docs"
        leaving = [
            f"{page.relative_to(ROOT)}: {link}"
            for page in docs.rglob("*.md")
            for link in markdown.links(page.read_text())
            if not (page.parent / link.partition("#")[0]).resolve().is_relative_to(docs)
        ]

        assert leaving == []


class TestBrokenLinks:
    @pytest.mark.parametrize(
        "text",
        [
            "[a](nowhere.md)",
            "[a](README.md#nowhere)",
            "[a](#nowhere)\n\n# Here",
            "[a][b]\n\n[b]: nowhere.md",
            '[a](nowhere.md "a title")',
            "[a](../../outside.md)",
            "[a](Makefile#here)",
        ],
    )
    def test_names_what_does_not_exist(self, text: str):
        assert len(broken_links(ROOT / "page.md", text)) == 1

    @pytest.mark.parametrize(
        "text",
        [
            "[a](README.md)",
            "[a](docs)",
            "[a](#one-two)\n\n## One two",
            "[a](https://shop.example/nowhere)",
            "[a](mailto:somebody@shop.example)",
            "`[a](nowhere.md)`",
            "```\n[a](nowhere.md)\n```",
            "<!-- [a](nowhere.md) -->",
        ],
    )
    def test_leaves_out_what_is_right_or_no_link(self, text: str):
        assert broken_links(ROOT / "page.md", text) == []


class TestAnchors:
    @pytest.mark.parametrize(
        ("heading", "anchor"),
        [
            ("# How often one may ask", "how-often-one-may-ask"),
            ("## `make` alone, and more", "make-alone-and-more"),
            ("### [Settings](settings.md) of *today*", "settings-of-today"),
            ("# 0001: no queries", "0001-no-queries"),
            ("# A & B", "a--b"),
        ],
    )
    def test_are_those_of_github(self, heading: str, anchor: str):
        assert anchors(heading) == {anchor}

    def test_are_numbered_where_a_heading_comes_again(self):
        assert anchors("# One\n\n# One\n") == {"one", "one-1"}

    def test_are_not_made_of_comments_in_code(self):
        assert anchors("```sh\n# a comment\n```\n") == set()
