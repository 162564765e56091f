"""The OpenAPI schema holds nothing that generators of clients cannot read."""

import copy
from typing import Any

import pytest

from tests.api.schema_faults import faults
from tests.api.spots import document

Schema = dict[str, Any]
PROBLEM = {
    "description": "No.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
ERROR = {"$ref": "#/components/responses/Error"}
RIGHT: Schema = {
    "openapi": "3.0.3",
    "info": {
        "title": "Shop",
        "version": "1",
        "contact": {"name": "Ada"},
        "license": {"name": "MIT", "url": "https://opensource.org/license/mit"},
    },
    "servers": [{"url": "/"}],
    "tags": [{"name": "cups", "description": "Cups."}],
    "paths": {
        "/cups/{id}": {
            "put": {
                "operationId": "replace_cup",
                "summary": "Replace a cup",
                "description": "Replace a cup.",
                "tags": ["cups"],
                "security": [{"key": []}],
                "parameters": [
                    {
                        "in": "path",
                        "name": "id",
                        "required": True,
                        "description": "Which.",
                        "schema": {"$ref": "#/components/schemas/Id"},
                        "example": "1",
                    }
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Cup"}, "example": {}}
                    },
                },
                "responses": {
                    "200": {
                        "description": "The cup.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Cup"}}},
                    },
                    **dict.fromkeys(("401", "403", "404", "406", "429", "503"), ERROR),
                },
            }
        }
    },
    "components": {
        "responses": {"Error": PROBLEM},
        "schemas": {
            "Id": {"type": "string", "pattern": "^([0-9]+|ext:.+)$"},
            "Colour": {"type": "string", "enum": ["red", "blue"]},
            "Problem": {"type": "object", "properties": {"title": {"type": "string"}}},
            "Cup": {
                "type": "object",
                "properties": {
                    "colour": {"$ref": "#/components/schemas/Colour"},
                    "name": {"type": "string", "nullable": True},
                    "price": {"type": "number", "format": "double"},
                    "sizes": {"type": "array", "items": {"type": "integer", "format": "int64"}},
                    "anything": {},
                },
            },
        },
    },
}
CUP = "components/schemas/Cup/properties"
PUT = "paths//cups/{id}/put"
JSON = "requestBody/content/application/json"
TEXT, NUMBER = {"type": "string"}, {"type": "integer", "format": "int64"}
CUP_REF = {"$ref": "#/components/schemas/Cup"}
CUP_LIST = {"type": "array", "items": CUP_REF}
# What is put back, where, and what is said of it.
WRONG = {
    "a nullable choice with an enum of null": (
        f"{CUP}/colour",
        {"nullable": True, "oneOf": [{"$ref": "#/components/schemas/Colour"}, {"enum": [None]}]},
        "#/components/schemas/Cup/properties/colour/oneOf is a union",
    ),
    "a nullable choice": (
        f"{CUP}/colour",
        {"type": "string", "nullable": True, "allOf": [{"$ref": "#/components/schemas/Colour"}]},
        "#/components/schemas/Cup/properties/colour may be null, which is lost beside allOf",
    ),
    "null among the choices": (
        "components/schemas/Colour/enum",
        ["red", None],
        "#/components/schemas/Colour/enum is not of words",
    ),
    "no choice": ("components/schemas/Colour/enum", [""], "#/components/schemas/Colour/enum is not of words"),
    "numbers as choices": (
        "components/schemas/Colour/enum",
        [200, 201],
        "#/components/schemas/Colour/enum is not of words",
    ),
    "a union of simple types": (
        "components/schemas/Id",
        {"oneOf": [TEXT, NUMBER]},
        "#/components/schemas/Id/oneOf is a union",
    ),
    "a union in a list": (
        f"{CUP}/sizes/items",
        {"anyOf": [TEXT, NUMBER]},
        "#/components/schemas/Cup/properties/sizes/items/anyOf is a union",
    ),
    "a list of types": (
        f"{CUP}/price",
        {"type": ["string", "null"]},
        "#/components/schemas/Cup/properties/price/type is",
    ),
    "a body of an object or a list": (
        f"{PUT}/{JSON}/schema",
        {"oneOf": [CUP_REF, CUP_LIST]},
        "PUT /cups/{id} #/requestBody/content/application~1json/schema/oneOf is a union",
    ),
    "two answers": (
        f"{PUT}/responses/201",
        {
            "description": "Cups.",
            "content": {"application/json": {"schema": {"type": "array", "items": CUP_REF}}},
        },
        "PUT /cups/{id} #/responses succeed with more than one schema",
    ),
    "a NUL in a pattern": (
        "components/schemas/Id/pattern",
        "^[^\0]*$",
        "#/components/schemas/Id/pattern has what not every language reads: '^[^\\x00]*$'",
    ),
    "an escaped NUL in a pattern": (
        "components/schemas/Id/pattern",
        r"^[^\x00]*$",
        "#/components/schemas/Id/pattern",
    ),
    "a surrogate in a pattern": (
        "components/schemas/Id/pattern",
        "^[^\ud800-\udfff]*$",
        "#/components/schemas/Id/pattern",
    ),
    "an escaped surrogate in a pattern": (
        "components/schemas/Id/pattern",
        r"^[^\uD800-\uDFFF]*$",
        "#/components/schemas/Id/pattern",
    ),
    "a lookahead": ("components/schemas/Id/pattern", "^(?!x).*$", "#/components/schemas/Id/pattern"),
    "an object without a name": (
        f"{CUP}/sizes/items",
        {"type": "object", "properties": {"ml": NUMBER}},
        "#/components/schemas/Cup/properties/sizes/items is an object without a name",
    ),
    "choices without a name": (
        f"{PUT}/parameters/0/schema",
        {"type": "string", "enum": ["one", "two"]},
        "PUT /cups/{id} #/parameters/0/schema/enum has no name",
    ),
    "a name by a hash": (
        "components/schemas/Kind3fd",
        TEXT,
        "#/components/schemas/Kind3fd is not a name for people",
    ),
    "constants that collide": (
        "components/schemas/Paint",
        {"type": "string", "enum": ["red"]},
        "#/components/schemas/Paint/enum has the constant RED, as #/components/schemas/Colour",
    ),
    "constants of one enum that collide": (
        "components/schemas/Colour/enum",
        ["dark-red", "dark_red"],
        "#/components/schemas/Colour/enum has the constant DARK_RED",
    ),
    "fields that collide": (
        f"{CUP}/Price",
        {"type": "number", "format": "double"},
        "#/components/schemas/Cup/properties has price in 2 spellings",
    ),
    "a number without a format": (
        f"{CUP}/price",
        {"type": "integer"},
        "#/components/schemas/Cup/properties/price/format of the integer is missing",
    ),
    "a nullable of no type": (
        f"{CUP}/anything",
        {"nullable": True},
        "#/components/schemas/Cup/properties/anything/nullable has no type beside it",
    ),
    "a reference to nothing": (
        f"{CUP}/anything",
        {"$ref": "#/components/schemas/Saucer"},
        "#/components/schemas/Cup/properties/anything refers to nothing",
    ),
    "a list of anything": (
        f"{CUP}/sizes/items",
        {},
        "#/components/schemas/Cup/properties/sizes/items is missing",
    ),
    "an operation id that is no name": (
        f"{PUT}/operationId",
        "cups_{id}_put",
        "PUT /cups/{id} #/operationId is not a name of a method",
    ),
    "a parameter whose name stands for many": (
        f"{PUT}/parameters/0/name",
        "attr.NAME",
        "PUT /cups/{id} #/parameters/0 (attr.NAME) is not a name",
    ),
    "no summary": (f"{PUT}/summary", None, "PUT /cups/{id} #/summary is missing"),
    "an unknown tag": (f"{PUT}/tags", ["mugs"], "PUT /cups/{id} #/tags are ['mugs']"),
    "a tag without a description": ("tags", [{"name": "cups"}], "#/tags/0 has no description"),
    "an error that is no problem": (
        f"{PUT}/responses/429",
        {"description": "Later.", "content": {"application/json": {"schema": CUP_REF}}},
        "PUT /cups/{id} #/responses/429 is no Problem",
    ),
    "an error that is not told": (
        f"{PUT}/responses/401",
        None,
        "PUT /cups/{id} #/responses/401 is missing",
    ),
    "no example of an id": (
        f"{PUT}/parameters/0/example",
        None,
        "PUT /cups/{id} #/parameters/0 (id) has no example",
    ),
    "no example of a body": (
        f"{PUT}/{JSON}/example",
        None,
        "PUT /cups/{id} #/requestBody/content/application~1json has no example",
    ),
    "a body that may be left out": (
        f"{PUT}/requestBody/required",
        None,
        "PUT /cups/{id} #/requestBody is not required",
    ),
    "no licence": ("info/license", None, "#/info/license lacks a name or a url"),
    "no contact": ("info/contact", None, "#/info/contact is missing"),
    "no servers": ("servers", None, "#/servers is missing"),
    "another version of OpenAPI": ("openapi", "3.1.0", "#/openapi is not 3.0"),
}


def changed(trail: str, value: Any) -> Schema:
    """Return the right document with this value at the trail; None: without it."""
    whole = copy.deepcopy(RIGHT)
    keys = trail.replace("//cups/{id}/", "/@/").replace("application/json", "@json").split("/")
    names = {"@": "/cups/{id}", "@json": "application/json"}
    *above, last = [names.get(key, key) for key in keys]
    place: Any = whole
    for key in above:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return whole


class TestFaults:
    def test_of_the_schema_are_none(self):
        assert faults(document()) == []

    def test_of_a_right_schema_are_none(self):
        assert faults(RIGHT) == []

    @pytest.mark.parametrize(("trail", "value", "reported"), WRONG.values(), ids=WRONG.keys())
    def test_name_the_place(self, trail, value, reported):
        assert [fault for fault in faults(changed(trail, value)) if fault.startswith(reported)]

    def test_name_an_operation_id_that_is_used_twice(self):
        whole = copy.deepcopy(RIGHT)
        whole["paths"]["/mugs/{id}"] = whole["paths"]["/cups/{id}"]

        assert faults(whole) == ["#/paths operationId replace_cup is used 2 times"]
