"""Every spot of the API that a caller fills in, as its OpenAPI document tells."""

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tests.api.access_table import OF_API, Row
from tests.api.access_world import World

JSON = "application/json"
# Read from every request, whatever the address.
HEADERS = ("X-Request-ID", "User-Agent", "Accept", "Accept-Language", "Origin", "Referer", "X-Forwarded-For")
ROWS = {row.named: row for row in OF_API}
Schema = dict[str, Any]


@dataclass(frozen=True)
class Spot:
    """One place to write into. trail: in a body, the keys and indices that lead there; () for all of it"""

    row: Row
    where: str
    name: str
    schema: Schema
    trail: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        return f"{self.row.named} {self.where} {'.'.join(map(str, self.trail)) or self.name}"

    @property
    def writes(self) -> bool:
        return self.row.method != "GET"

    @property
    def kind(self) -> tuple[Any, ...]:
        """Where it is, and of which type."""
        return self.where, self.schema.get("type"), self.schema.get("format"), "oneOf" in self.schema

    @property
    def is_text(self) -> bool:
        """Whether any text may stand there: not one of a few words, nor a number."""
        kinds = self.schema.get("oneOf", [self.schema])
        return any(kind.get("type") == "string" and not {"enum", "format"} & kind.keys() for kind in kinds)

    def ask(self, client: APIClient, world: World, value: Any) -> Any:
        """Return the answer to a request that is right but for the value at this spot."""
        path, body = world.path(self.row), self._body(world)
        headers = {}
        if self.where == "path":
            path = self.row.address.replace(f"{{{self.name}}}", quote(str(value), safe=":"))
            path = path.replace("{id}", "ext:lamp").replace("{user_id}", "ext:anna")
        elif self.where == "query":
            path += "?" + "&".join(f"{self.name}={quote(str(one))}" for one in _listed(value))
        elif self.where == "header":
            headers[self.name] = str(value)
        else:
            body = self._filled(body, value)
        return client.generic(
            self.row.method,
            path,
            b"" if body is None else _json(body),
            content_type=JSON,
            headers=headers,
        )

    def raw_body(self, world: World, text: str) -> bytes:
        """Return a body that is right but for this JSON text at the spot; the text may be anything."""
        whole = json.dumps(self._filled(self._body(world), "@spot@"))
        return whole.replace('"@spot@"', text).encode(errors="surrogatepass")

    def _body(self, world: World) -> Any:
        body = copy.deepcopy(world.body(self.row))
        is_of_list = bool(self.trail) and self.trail[0] == 0
        return [body] if is_of_list and not isinstance(body, list) else body

    def _filled(self, body: Any, value: Any) -> Any:
        if not self.trail:
            return value
        place = body
        for key, then in zip(self.trail, self.trail[1:], strict=False):
            if isinstance(place, dict) and not isinstance(place.get(key), dict | list):
                place[key] = [None] if isinstance(then, int) else {}
            place = place[key]
        place[self.trail[-1]] = value
        return body


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _json(body: Any) -> bytes:
    """Halves of letters and numbers of any size too, as an attacker may send them; orjson would not."""
    return json.dumps(body).encode()


@cache
def document() -> Schema:
    found: Schema = SchemaGenerator().get_schema(request=None, public=True)
    return found


def spots() -> Iterator[Spot]:
    """Yield every spot; headers that all requests have, for one that reads, one that writes, and a log-in."""
    for address, methods in document()["paths"].items():
        for method, operation in methods.items():
            row = ROWS[f"{method.upper()} {address}"]
            for parameter in operation.get("parameters", ()):
                yield Spot(row, parameter["in"], parameter["name"], parameter["schema"])
            content = operation.get("requestBody", {}).get("content", {})
            if JSON in content:
                yield from _inside(row, content[JSON]["schema"], ())
    for named in ("GET /products", "GET /recommend/{user_id}", "POST /interactions", "POST /token"):
        for header in HEADERS:
            yield Spot(ROWS[named], "header", header, {"type": "string"})


def _inside(row: Row, schema: Schema, trail: tuple[str | int, ...]) -> Iterator[Spot]:
    if reference := schema.get("$ref"):
        schema = document()["components"]["schemas"][reference.rpartition("/")[2]]
    names = [key for key in trail if isinstance(key, str)]
    yield Spot(row, "body", names[-1] if names else "", schema, trail)
    for one in (*schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _inside(row, one, trail)
    for name, field in schema.get("properties", {}).items():
        yield from _inside(row, field, (*trail, name))
    if "items" in schema:
        yield from _inside(row, schema["items"], (*trail, 0))


def share(spot: Spot, values: Sequence[Any], n: int) -> Sequence[Any]:
    """Return one in n of the values. Other spots of the same place and type get the rest, in turn."""
    alike = [one for one in SPOTS if one.kind == spot.kind]
    n = min(n, len(alike))
    return values[alike.index(spot) % n :: n]


# Each once: of several things that may stand in one, what the document says first.
SPOTS = list({str(spot): spot for spot in reversed(list(spots()))}.values())[::-1]
