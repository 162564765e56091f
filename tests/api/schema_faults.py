"""What generators of clients cannot read of an OpenAPI schema, or make of it what does not compile."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from core.api.schema_hooks import constant

Schema = dict[str, Any]
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
_VALUES = {"example", "examples", "default", "enum", "x-enum-varnames"}
_PROBLEM = "application/problem+json"
_IN_PATTERN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]|\\(x[01]|u00[01]|u[dD][89a-fA-F]|0)|\\[pP]\{|\(\?")


def faults(document: Schema) -> list[str]:
    """Return what is wrong, each with its place: a path, a method and a JSON pointer."""
    found = [*_of_info(document), *_of_components(document)]
    for address, methods in document.get("paths", {}).items():
        for method in METHODS:
            if method in methods:
                where = f"{method.upper()} {address}"
                found += [f"{where} {fault}" for fault in _of_operation(methods[method], address, document)]
    ids = [operation.get("operationId") for operation in _operations(document)]
    found += [f"#/paths operationId {name} is used {n} times" for name, n in Counter(ids).items() if n > 1]
    return found


def _operations(document: Schema) -> Iterator[Schema]:
    for methods in document.get("paths", {}).values():
        yield from (methods[method] for method in METHODS if method in methods)


def _of_info(document: Schema) -> Iterator[str]:
    info = document.get("info", {})
    if not document.get("openapi", "").startswith("3.0."):
        yield "#/openapi is not 3.0"
    if not {"name", "url"} <= info.get("license", {}).keys():
        yield "#/info/license lacks a name or a url"
    yield from (f"#/info/{name} is missing" for name in ("title", "version", "contact") if not info.get(name))
    if not document.get("servers"):
        yield "#/servers is missing"
    for index, tag in enumerate(document.get("tags", ())):
        if not tag.get("description"):
            yield f"#/tags/{index} has no description"


def _of_components(document: Schema) -> Iterator[str]:
    schemas = document.get("components", {}).get("schemas", {})
    constants: dict[str, str] = {}
    for name, schema in schemas.items():
        at = f"#/components/schemas/{name}"
        if re.search(r"Enum$|Inner$|[0-9a-f]{3}$", name) or not re.fullmatch("[A-Z][A-Za-z0-9]*", name):
            yield f"{at} is not a name for people"
        yield from _of_schema(schema, at, document, is_component=True)
        for value in schema.get("x-enum-varnames") or map(constant, filter(_is_text, schema.get("enum", ()))):
            if value in constants:
                yield f"{at}/enum has the constant {value}, as {constants[value]}"
            constants[value] = at
    for name, response in document.get("components", {}).get("responses", {}).items():
        yield from _of_content(response, f"#/components/responses/{name}", document)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _of_operation(operation: Schema, address: str, document: Schema) -> Iterator[str]:
    if not re.fullmatch("[a-z]+(_[a-z]+)*", operation.get("operationId", "")):
        yield "#/operationId is not a name of a method"
    yield from (f"#/{name} is missing" for name in ("summary", "description") if not operation.get(name))
    tags, known = operation.get("tags", []), {tag["name"] for tag in document.get("tags", ())}
    if len(tags) != 1 or not set(tags) <= known:
        yield f"#/tags are {tags}, not one of those of the document"
    for index, parameter in enumerate(operation.get("parameters", ())):
        at = f"#/parameters/{index}"
        yield from _of_schema(parameter.get("schema", {}), f"{at}/schema", document)
        if not parameter.get("description") and parameter["name"] not in ("page", "page_size"):
            yield f"{at} ({parameter['name']}) has no description"
        if not re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", parameter["name"]):
            yield f"{at} ({parameter['name']}) is not a name"
        if parameter["in"] == "path" and "example" not in parameter:
            yield f"{at} ({parameter['name']}) has no example"
    if body := operation.get("requestBody"):
        yield from _of_body(body, document)
    yield from _of_responses(operation, address, document)


def _of_body(body: Schema, document: Schema) -> Iterator[str]:
    if body.get("required") is not True:
        yield "#/requestBody is not required"
    yield from _of_content(body, "#/requestBody", document)
    media = body.get("content", {}).get("application/json", {})
    if not {"example", "examples"} & media.keys():
        yield "#/requestBody/content/application~1json has no example"


def _of_responses(operation: Schema, address: str, document: Schema) -> Iterator[str]:
    responses = operation.get("responses", {})
    needed = {"406", "429", "503"}
    if {} not in operation.get("security", [{}]):
        needed |= {"401", "403"}
    if "{" in address:
        needed.add("404")
    yield from (f"#/responses/{status} is missing" for status in sorted(needed - responses.keys()))
    answered = []
    for status, response in responses.items():
        at = f"#/responses/{status}"
        if int(status) >= 400:
            content = _resolved(response, document).get("content", {})
            schema = content.get(_PROBLEM, {}).get("schema")
            if list(content) != [_PROBLEM] or schema != {"$ref": "#/components/schemas/Problem"}:
                yield f"{at} is no Problem"
            continue
        yield from _of_content(response, at, document)
        answered += [media["schema"] for media in response.get("content", {}).values()]
    if any(schema != answered[0] for schema in answered):
        yield "#/responses succeed with more than one schema"


def _of_content(holder: Schema, at: str, document: Schema) -> Iterator[str]:
    for kind, media in holder.get("content", {}).items():
        yield from _of_schema(
            media.get("schema", {}), f"{at}/content/{kind.replace('/', '~1')}/schema", document
        )


def _of_schema(schema: Schema, at: str, document: Schema, *, is_component: bool = False) -> Iterator[str]:
    if "$ref" in schema:
        if len(schema) > 1:
            yield f"{at} has a $ref and more"
        if not _resolved(schema, document):
            yield f"{at} refers to nothing"
        return
    for union in {"oneOf", "anyOf", "not"} & schema.keys():
        yield f"{at}/{union} is a union"
    if schema.get("nullable") and "allOf" in schema:
        yield f"{at} may be null, which is lost beside allOf"
    if len(schema.get("allOf", ())) > 1 or any("$ref" not in part for part in schema.get("allOf", ())):
        yield f"{at}/allOf is not one reference"
    yield from _of_kind(schema, at)
    if "enum" in schema:
        yield from _of_enum(schema, at, is_component=is_component)
    if "pattern" in schema and _IN_PATTERN.search(schema["pattern"]):
        yield f"{at}/pattern has what not every language reads: {schema['pattern']!a}"
    if schema.get("properties") and not is_component:
        yield f"{at} is an object without a name"
    yield from _of_parts(schema, at, document)


def _of_parts(schema: Schema, at: str, document: Schema) -> Iterator[str]:
    names = Counter(name.replace("_", "").lower() for name in schema.get("properties", ()))
    yield from (f"{at}/properties has {name} in {n} spellings" for name, n in names.items() if n > 1)
    for part in ("properties", "items", "additionalProperties"):
        below = schema.get(part)
        if part == "properties":
            for name, one in (below or {}).items():
                yield from _of_schema(one, f"{at}/properties/{name}", document)
        elif isinstance(below, dict):
            yield from _of_schema(below, f"{at}/{part}", document)


def _of_kind(schema: Schema, at: str) -> Iterator[str]:
    kind = schema.get("type")
    if isinstance(kind, list) or kind == "null":
        yield f"{at}/type is {kind}"
    if schema.get("nullable") and kind is None:
        yield f"{at}/nullable has no type beside it"
    if kind in ("integer", "number") and "format" not in schema:
        yield f"{at}/format of the {kind} is missing"
    if kind == "array" and not schema.get("items"):
        yield f"{at}/items is missing"


def _of_enum(schema: Schema, at: str, *, is_component: bool) -> Iterator[str]:
    values = schema["enum"]
    if not values or not all(map(_is_text, values)) or "" in values:
        yield f"{at}/enum is not of words: {values}"
    if not is_component:
        yield f"{at}/enum has no name"
    names = schema.get("x-enum-varnames")
    if names is not None and len(names) != len(values):
        yield f"{at}/x-enum-varnames has {len(names)} names for {len(values)} values"


def _resolved(schema: Schema, document: Schema) -> Schema:
    found: Any = schema
    if reference := schema.get("$ref"):
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part, {})
    return found
