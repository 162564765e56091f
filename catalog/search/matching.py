"""Conditions for the products that a search finds."""

from collections.abc import Collection
from typing import Any

from django.db import connection
from django.db.models import Expression, Func, IntegerField, Q, Value
from django.db.models.sql.compiler import SQLCompiler

from catalog.models import Product, SearchText
from catalog.models.search_text import SEARCHED_COLUMNS, SearchTextQuerySet
from catalog.search.index import SHORTEST, has_index
from core.folding import fold

# Products with an empty search text that a search folds itself. Others are found after `index_products`.
MOST_PENDING = 1_000


def containing_phrase(phrase: str, *, within: Collection[int] | None = None) -> Q:
    """Return the condition that the name or the description contains the phrase, ignoring case and accents.

    within: the ids of a few products; others may not match
    1 query, on SQLite 2; 1 more if search texts are empty.
    """
    return _condition([fold(phrase)], in_keys=False, within=within, also=[])


def containing_words(words: Collection[str], *, also: Collection[int] = ()) -> Q:
    """Return the condition that the name, description, brand and external ID together contain each word.

    also: ids of further products. The queries are those of `containing_phrase`
    """
    return _condition([fold(word) for word in words], in_keys=True, within=None, also=also)


def is_complete() -> bool:
    """Return whether a search finds every product, since few search texts are empty. 1 query."""
    return len(_pending(SearchText.objects.all())) <= MOST_PENDING


def _condition(
    terms: list[str], *, in_keys: bool, within: Collection[int] | None, also: Collection[int]
) -> Q:
    terms = [term for term in terms if term]
    if not terms:
        return Q()  # every text contains the empty one
    texts: SearchTextQuerySet = SearchText.objects.order_by()
    if within is not None:
        texts = texts.filter(pk__in=within)
    more = [*_found_in_pending(texts, terms, in_keys=in_keys), *also]
    uses_index = within is None and connection.vendor == "sqlite" and has_index(connection)
    found = _found_in_texts(texts, terms, in_keys=in_keys, uses_fts=uses_index)
    return Q(pk__in=_Either(found, more) if more else found)


def _found_in_texts(texts: SearchTextQuerySet, terms: list[str], *, in_keys: bool, uses_fts: bool) -> Any:
    """Return an expression or queryset of the ids of the texts that contain every term."""
    matched = [term for term in terms if uses_fts and len(term) >= SHORTEST]
    if matched:
        phrases = " AND ".join('"{}"'.format(term.replace('"', '""')) for term in matched)
        matching = _Matching(Value(phrases if in_keys else f"text : ({phrases})"))
        if len(matched) == len(terms):
            return matching
        texts = texts.filter(pk__in=matching)
    for term in terms:
        if term not in matched:
            in_text = Q(text__contains=term)
            texts = texts.filter(in_text | Q(keys__contains=term) if in_keys else in_text)
    return texts.values("pk")


def _found_in_pending(texts: SearchTextQuerySet, terms: list[str], *, in_keys: bool) -> list[int]:
    ids = _pending(texts)[:MOST_PENDING]
    if not ids:
        return []
    rows = Product.objects.filter(pk__in=ids).values_list("pk", *SEARCHED_COLUMNS)
    folded = [SearchText.of(*row) for row in rows]
    return [
        row.pk
        for row in folded
        if all(term in str(row.text) or (in_keys and term in str(row.keys)) for term in terms)
    ]


def _pending(texts: SearchTextQuerySet) -> list[int]:
    return list(texts.pending().order_by("pk").values_list("pk", flat=True)[: MOST_PENDING + 1])


class _Matching(Func):
    """The ids of the texts that match an expression of FTS5."""

    template = (
        "(SELECT rowid FROM catalog_searchtext_trigrams"
        " WHERE catalog_searchtext_trigrams MATCH %(expressions)s)"
    )
    output_field = IntegerField()


class _Either(Expression):
    """The ids of an expression or queryset, and others. With OR, PostgreSQL would read all products."""

    output_field = IntegerField()

    def __init__(self, found: Any, ids: list[int]) -> None:
        super().__init__()
        if not isinstance(found, _Matching):
            found = found.query.clone()
            found.subquery = True
        self._found = found
        self._ids: Any = ids

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        found, params = compiler.compile(self._found)
        if connection.vendor == "postgresql":
            others, ids = "SELECT unnest(%s::bigint[])", self._ids
        else:
            others, ids = "SELECT value FROM json_each(%s)", str(self._ids)
        return f"(SELECT * FROM {found} AS found UNION {others})", (*params, ids)  # noqa: S608  no values
