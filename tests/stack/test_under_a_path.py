"""The service under a path of another site, behind a real nginx."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from stack import nginx
from stack.processes import Child, free_port, is_listening, start
from tests.database_files import DatabaseFiles
from tests.integration.test_serve import serving
from tests.servers import skip_or_fail

pytestmark = pytest.mark.slow

CONFIGURATION = """
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_set_header Host $http_host;
    server {{ listen 127.0.0.1:{stripping}; location /recs/ {{ proxy_pass {url}/; }} }}
    server {{ listen 127.0.0.1:{passing}; location /recs/ {{ proxy_pass {url}; }} }}
}}
"""


@dataclass(frozen=True)
class Site:
    """stripping, passing: the addresses of nginx that leaves the path out, and of one that does not"""

    stripping: str
    passing: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, database_files: DatabaseFiles) -> Iterator[Site]:
    program = nginx.find_program()
    if program is None:
        skip_or_fail("nginx is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o711)  # nginx's own account passes through
    database = database_files.shop(tmp_path_factory.mktemp("shop") / "shop.sqlite3")
    stripping, passing = free_port(), free_port()
    with serving(database, FORCE_SCRIPT_NAME="/recs/") as url:
        text = CONFIGURATION.format(folder=folder, url=url, stripping=stripping, passing=passing)
        child = gateway(program, folder, text, passing)
        yield Site(f"http://127.0.0.1:{stripping}", f"http://127.0.0.1:{passing}")
        child.stop()


def gateway(program: Path, folder: Path, text: str, port: int) -> Child:
    file = folder / "nginx.conf"
    file.write_text(text)
    nginx.check(program, file)
    command = [program, "-p", folder, "-c", file, "-g", "daemon off;", "-e", "stderr"]
    child = start("nginx", command, log=folder / "nginx.log", cwd=folder)
    child.wait_until(lambda: is_listening(port))
    return child


def test_all_links_lead_under_the_path(site: Site):
    for base in (site.stripping, site.passing):
        with httpx2.Client(base_url=base, trust_env=False) as client:
            root = client.get("/recs/").json()
            assert root["links"]["products"] == "/recs/products"
            page = client.get("/recs/products?page_size=2").json()
            assert page["next"].startswith(f"{base}/recs/products?")
            assert client.get(page["next"]).status_code == 200
            assert "See /recs/docs" in client.get("/recs/nothing").json()["detail"]
            assert client.get("/recs/health/live").status_code == 200
            assert client.get("/recs/recommend/ext:1").status_code in (200, 404)


def test_the_schema_and_its_page_are_there(site: Site):
    with httpx2.Client(base_url=site.stripping, trust_env=False) as client:
        schema = client.get("/recs/schema", headers={"Accept": "application/json"}).json()
        page = client.get("/recs/docs").text

        assert schema["servers"][0]["url"] == "/recs"
        assert "/products" in schema["paths"]
        for address in re.findall(r'(?:src|href)="(/[^"]*)"', page):
            assert address.startswith("/recs/static/")
            assert client.get(address).status_code == 200
        assert '"/recs/schema' in page


def test_the_admin_logs_in_and_has_its_files(site: Site):
    with httpx2.Client(base_url=site.passing, trust_env=False) as client:
        asked = client.get("/recs/admin/")
        assert asked.status_code == 302
        assert asked.headers["Location"] == "/recs/admin/login/?next=/recs/admin/"
        assert client.get("/recs/admin").headers["Location"] == "/recs/admin/"
        login = client.get(asked.headers["Location"])

        assert "Path=/recs/;" in login.headers["Set-Cookie"] + ";"
        assert 'action="/recs/admin/login/?next=/recs/admin/"' in login.text
        files = re.findall(r'href="(/[^"]*\.css)"', login.text)
        assert files
        assert {client.get(address).status_code for address in files} == {200}
