"""Finds the names in this project's templates that do not exist, which Django renders as false or as nothing.

`{% if %}` and `{% for %}` swallow errors, so a name that does not exist is noted here, and the test fails
when it ends. Templates of other packages are left alone: Django's own rely on names that are not there.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

from django.template import Origin, VariableDoesNotExist
from django.template.base import FilterExpression, Parser, Variable

from recsite.config.env import ROOT


class Invalid(str):
    """What `string_if_invalid` is in tests: as empty as by default, and known again."""

    __slots__ = ()


class Name(NamedTuple):
    """A name in a template. n: counts the expressions of the template; template: its path from the root"""

    template: str
    n: int
    text: str


names: set[Name] = set()  # in all templates that were compiled
resolved: set[Name] = set()
missing: list[Name] = []


class _Noted(Variable):
    def __init__(self, variable: Variable, name: Name) -> None:
        super().__init__(variable.var)
        self.name = name
        names.add(name)

    def resolve(self, context: Any) -> Any:
        resolved.add(self.name)
        try:
            found = super().resolve(context)
        except VariableDoesNotExist:
            missing.append(self.name)
            raise
        if isinstance(found, Invalid):
            missing.append(self.name)
        return found


def path_of(origin: Origin | None) -> str | None:
    """Return the template's path from the root of the project; None for one that is not the project's own."""
    path = Path(origin.name) if origin else Path()
    if not path.is_relative_to(ROOT) or path.is_relative_to(sys.prefix):
        return None
    return str(path.relative_to(ROOT))


def _compile_filter(parser: Any, token: str) -> FilterExpression:
    expression: Any = FilterExpression(token, parser)
    template = path_of(parser.origin)
    if template is None:
        return expression
    parser.n_expressions = n = getattr(parser, "n_expressions", 0) + 1

    def noted(value: Any) -> Any:
        is_name = isinstance(value, Variable) and value.lookups
        return _Noted(value, Name(template, n, value.var)) if is_name else value

    expression.var = noted(expression.var)
    for _, arguments in expression.filters:
        arguments[:] = [(is_variable, noted(value)) for is_variable, value in arguments]
    return expression


def install() -> None:
    """Have the templates that are compiled from here on note their names."""
    parser: Any = Parser
    parser.compile_filter = _compile_filter
