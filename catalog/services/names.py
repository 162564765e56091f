"""Categories by path and tags by name, created when they do not exist; case makes no difference."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from django.db.models import Q, QuerySet

from catalog.models import Category, Tag
from core.text import PATH_SEPARATOR, comparable

T = TypeVar("T", Category, Tag)
_BATCH = 10_000  # names of a query


def get_or_create_category(path: str | None) -> Category | None:
    """Return the category of that path, created if it does not exist, as are those above it.

    The queries of `get_or_create_categories`.
    """
    return None if path is None else get_or_create_categories([path])[0][path]


def get_or_create_categories(paths: Iterable[str]) -> tuple[Mapping[str, Category], int]:
    """Return the category of each path, and how many were created, with those above them.

    1 query for paths of one level that exist. Otherwise 1 for each level, 1 more for each with a new
    category, and 1 that finds paths of several levels as they are.
    """
    wanted = list(dict.fromkeys(paths))
    deep = [path for path in wanted if PATH_SEPARATOR in path]
    found: dict[str, Category] = (
        {row.path: row for row in Category.objects.filter(path__in=deep)} if deep else {}
    )
    left = dict.fromkeys(level for path in wanted if path not in found for level in levels(path))
    n_new = 0
    for depth in sorted({path.count(PATH_SEPARATOR) for path in left}):
        at_depth = [path for path in left if path.count(PATH_SEPARATOR) == depth]
        n_new += _add_level(found, at_depth)
    return found, n_new


def _add_level(found: dict[str, Category], paths: list[str]) -> int:
    """Add the categories of these paths of one level, and return how many were created."""
    parents, names = {}, {}
    for path in paths:
        above, _, names[path] = path.rpartition(PATH_SEPARATOR)
        parents[path] = found[above] if above else None
    keys = {
        path: (parent.pk if parent else None, comparable(names[path])) for path, parent in parents.items()
    }
    rows = _below(parents.values(), names.values())
    new: dict[tuple[int | None, str], Category] = {}
    for path, key in keys.items():
        if key not in rows and key not in new:
            new[key] = Category(name=names[path], parent=parents[path])
            new[key].path = new[key].path_below(parents[path])
    # If another process creates the same row at the same time, the update returns its id.
    Category.objects.bulk_create(
        new.values(), update_conflicts=True, unique_fields=["path"], update_fields=["path"]
    )
    rows |= new
    found |= {path: rows[key] for path, key in keys.items()}
    return len(new)


def _below(
    parents: Iterable[Category | None], names: Iterable[str]
) -> dict[tuple[int | None, str], Category]:
    """Return the categories of these names below these parents, by parent and comparable name."""
    ids = {parent.pk if parent else None for parent in parents}
    is_below = Q(parent_id__in=ids - {None})
    if None in ids:
        is_below |= Q(parent__isnull=True)
    found: dict[tuple[int | None, str], Category] = {}
    some = list(dict.fromkeys(names))
    is_wanted = Q(comparable_name__in=[comparable(name) for name in some]) | Q(name__in=some)
    for row in Category.objects.filter(is_below, is_wanted).order_by("id"):
        key = comparable(row.name)
        if row.comparable_name != key:  # it was renamed by SQL
            _correct(row, Category.objects.filter(parent=row.parent_id), key)
        found.setdefault((row.parent_id, key), row)
    return found


def levels(path: str) -> list[str]:
    """Return the paths of a category and of those above it, from the top."""
    names = path.split(PATH_SEPARATOR)
    return [PATH_SEPARATOR.join(names[: n + 1]) for n in range(len(names))]


def get_or_create_tags(names: Iterable[str]) -> list[Tag]:
    """Return each tag of these names once, created if it does not exist. 1 query, or 2 if any is new."""
    return list(dict.fromkeys(get_or_create_tags_by_name(names)[0].values()))


def get_or_create_tags_by_name(names: Iterable[str]) -> tuple[Mapping[str, Tag], int]:
    """Return the tag of each name, and how many were created, with the first spelling of their name.

    1 query for every 10,000 names, and 1 more if any is new.
    """
    wanted = {name: comparable(name) for name in names}
    rows = _stored(wanted)
    new: dict[str, Tag] = {}
    for name, key in wanted.items():
        if key not in rows and key not in new:
            new[key] = Tag(name=name)
    # If another process creates the same row at the same time, the update returns its id.
    Tag.objects.bulk_create(
        new.values(),
        update_conflicts=True,
        unique_fields=["comparable_name"],
        update_fields=["comparable_name"],
    )
    rows |= new
    return {name: rows[key] for name, key in wanted.items()}, len(new)


def _stored(wanted: Mapping[str, str]) -> dict[str, Tag]:
    """Return the rows of these names by comparable name."""
    found: dict[str, Tag] = {}
    names = list(wanted)
    for start in range(0, len(names), _BATCH):
        some = names[start : start + _BATCH]
        is_wanted = Q(comparable_name__in=[wanted[name] for name in some]) | Q(name__in=some)
        for row in Tag.objects.filter(is_wanted).order_by("id"):
            key = comparable(row.name)
            if row.comparable_name != key:  # it was renamed by SQL
                _correct(row, Tag.objects.all(), key)
            found.setdefault(key, row)
    return found


def _correct(row: T, others: "QuerySet[T]", key: str) -> None:
    """Set the comparable name of a row that was renamed by SQL, unless another one has it. 2 queries."""
    same = others.filter(comparable_name=key).exclude(pk=row.pk)
    row.comparable_name = None if same.exists() else key
    type(row).objects.filter(pk=row.pk).update(comparable_name=row.comparable_name)
