"""Postprocessing of the OpenAPI schema, so that the generators of clients in common languages can read it."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import get_script_prefix

Schema = dict[str, Any]

_LARGEST_INT32 = 2**31 - 1
# Go has one namespace for the constants of all enums of a package, so those that share values need a prefix.
PREFIXES = {"Placement": "PLACEMENT", "ProductOrder": "ORDER_BY", "RunState": "RUN"}
# The names of the choices of query parameters.
PARAMETER_ENUMS = {"in_stock": "InStock", "ordering": "ProductOrder", "missing": "MissingChoice"}


def for_generators(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Return the schema with enums as components, formats of numbers, and the server that sends it."""
    for node in list(_schemas(result)):
        _say_format(node)
        _leave_out_nullable(node)
    for methods in result["paths"].values():
        for operation in methods.values():
            _describe_placeholders(operation)
            for parameter in operation.get("parameters", ()):
                _refer_to_enum(parameter, result)
    for name, prefix in PREFIXES.items():
        if enum := result["components"]["schemas"].get(name):
            enum["x-enum-varnames"] = [constant(value, prefix) for value in enum["enum"]]
    result["components"]["schemas"] = dict(sorted(result["components"]["schemas"].items()))
    result["servers"] = [{"url": get_script_prefix().rstrip("/") or "/", "description": "This server."}]
    return result


def constant(value: str, prefix: str = "") -> str:
    """Return the name that generators give the constant of an enum's value."""
    name = re.sub(r"\W+", "_", value.removeprefix("-")).upper()
    if value.startswith("-"):
        name = f"{name}_DESCENDING" if prefix else f"MINUS_{name}"
    return f"{prefix}_{name}" if prefix else name


def _schemas(node: Any) -> Iterator[Schema]:
    """Yield every dict below this one, of which the schemas of values are some."""
    if isinstance(node, dict):
        yield node
        for name, below in node.items():
            if name not in ("example", "examples", "default", "enum"):
                yield from _schemas(below)
    elif isinstance(node, list):
        for below in node:
            yield from _schemas(below)


def _say_format(node: Schema) -> None:
    """Add the format of a number: without one, some languages take 32 bits."""
    if "format" in node:
        return
    if node.get("type") == "number":
        node["format"] = "double"
    elif node.get("type") == "integer":
        is_short = abs(node.get("maximum", _LARGEST_INT32 + 1)) <= _LARGEST_INT32
        node["format"] = "int32" if is_short else "int64"


def _leave_out_nullable(node: Schema) -> None:
    """Remove `nullable` from any value, which may be null anyway: OpenAPI 3.0 requires a type beside it."""
    if node.get("nullable") is True and not {"type", "allOf"} & node.keys():
        del node["nullable"]


def _describe_placeholders(operation: Schema) -> None:
    """Move parameters whose name stands for many, such as `attr.NAME`, into the operation's description.

    OpenAPI has no such parameters: a client would send the placeholder.
    """
    for parameter in operation.get("parameters", [])[:]:
        if not re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", parameter["name"]):
            operation["parameters"].remove(parameter)
            operation["description"] += f"\n\nParameter `{parameter['name']}`: {parameter['description']}"


def _refer_to_enum(parameter: Schema, result: Schema) -> None:
    """Replace the choices of a parameter by a reference to their component."""
    schema, components = parameter["schema"], result["components"]["schemas"]
    if "enum" not in schema:
        return
    same = [name for name, other in components.items() if set(other.get("enum", ())) == set(schema["enum"])]
    name = same[0] if same else PARAMETER_ENUMS[parameter["name"]]
    components.setdefault(name, {"type": schema["type"], "enum": schema["enum"]})
    parameter["schema"] = {"$ref": f"#/components/schemas/{name}"}
