"""A real browser shows and works the admin and /docs, and finds nothing that the site's policy forbids."""

from collections.abc import Iterator

import pytest

from tests.database_files import DatabaseFiles, add_superuser
from tests.e2e.browser import BINARY, Browser, browsing
from tests.integration.test_serve import serving

# Everywhere else tests/api/test_security_headers.py reads the pages and their headers instead.
pytestmark = pytest.mark.skipif(BINARY is None, reason="No test in a browser: there is no chromium here.")

PASSWORD = "a-long-password-indeed"
LISTS = (
    *("catalog/product", "catalog/category", "catalog/user", "catalog/interaction", "catalog/tag"),
    *("recommendations/storedlist", "recommendations/trainedmodel", "recommendations/generationrun"),
    *("access/apikey", "auth/group"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, database_files: DatabaseFiles) -> Iterator[str]:
    """A server with a shop and somebody who may do everything."""
    database = database_files.shop(tmp_path_factory.mktemp("site") / "shop.sqlite3")
    add_superuser(database, "ada", PASSWORD)
    with serving(database, WEB_THREADS=4) as url:
        yield url


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture(scope="module")
def member(browser: Browser, site: str) -> Browser:
    """The browser, logged in by the form."""
    browser.go(f"{site}/admin/login/?next=/admin/")
    browser.tell(
        f"document.querySelector('#id_username').value = 'ada';"
        f"document.querySelector('#id_password').value = '{PASSWORD}';"
    )
    browser._events.clear()
    browser.tell("document.querySelector('#login-form').submit()")
    browser.loaded()
    browser.wait_for("#user-tools")
    return browser


class TestBrowser:
    def test_complains_of_what_a_policy_forbids(self, browser: Browser, site: str):
        browser.go(f"{site}/admin/login/")

        browser.tell("document.body.insertAdjacentHTML('beforeend', '<b style=\"color: red\">x</b>')")

        complaints = browser.complaints()
        assert ["Content Security Policy" in reported for reported in complaints] == [True], complaints

    def test_complains_of_nothing_at_the_log_in(self, browser: Browser, site: str):
        browser.go(f"{site}/admin/login/")

        assert browser.complaints() == []
        assert browser.tell("getComputedStyle(document.querySelector('#header')).backgroundColor") != ""

    def test_complains_of_nothing_after_it(self, member: Browser):
        assert member.complaints() == []

    @pytest.mark.parametrize("name", LISTS)
    def test_complains_of_nothing_in_lists(self, member: Browser, site: str, name: str):
        member.go(f"{site}/admin/{name}/")

        assert member.tell("document.querySelector('#changelist') !== null")
        assert member.complaints() == []

    @pytest.mark.parametrize("name", ["catalog/product", "catalog/user", "access/apikey", "auth/group"])
    def test_complains_of_nothing_in_forms(self, member: Browser, site: str, name: str):
        member.go(f"{site}/admin/{name}/add/")

        assert member.complaints() == []

    def test_complains_of_nothing_when_a_name_is_completed(self, member: Browser, site: str):
        member.go(f"{site}/admin/catalog/product/add/")

        member.tell("django.jQuery('.admin-autocomplete').first().select2('open'); true")
        member.wait_for(".select2-results__option:not(.loading-results)")

        assert member.complaints() == []

    def test_complains_of_nothing_in_the_documentation(self, browser: Browser, site: str):
        browser.go(f"{site}/docs")
        browser.wait_for(".opblock-summary-control")

        browser.tell(
            "document.querySelector('#operations-service-get_service .opblock-summary-control').click()"
        )
        browser.wait_for(".try-out__btn")
        browser.tell("document.querySelector('.try-out__btn').click()")
        browser.wait_for(".execute")
        browser.tell("document.querySelector('.execute').click()")
        browser.wait_for(".live-responses-table tbody td.response-col_status")

        shown = browser.tell(
            "document.querySelector('.live-responses-table tbody td.response-col_status').innerText"
        )
        assert shown.startswith("200")
        assert browser.complaints() == []
