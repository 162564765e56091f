import pytest
from django.test import Client
pytestmark = pytest.mark.django_db
@pytest.mark.parametrize("url", ["/admin/", "/admin/login/", "/products"])
@pytest.mark.parametrize("v", ['"aaaaaaaaaaaa\\000"', '"\\355\\240\\200aaaaaaaaaaa"', "a"*3000])
@pytest.mark.parametrize("n", ["sessionid","csrftoken","messages"])
def test_cookie(url, v, n):
    assert Client().get(url, HTTP_COOKIE=f"{n}={v}").status_code < 500
