"""Categories by path and tags by name, created when they do not exist."""

from collections.abc import Iterable

from catalog.models import Category, Tag
from core.text import PATH_SEPARATOR


def get_or_create_category(path: str | None) -> Category | None:
    """Return the category of that path, created if it does not exist, as are those above it.

    1 query; if it is new, up to 4 for each level, and 1.
    """
    if path is None:
        return None
    found: Category | None = None
    if PATH_SEPARATOR in path and (found := Category.objects.filter(path=path).first()):
        return found
    for level in levels(path):
        new = {"name": level.rpartition(PATH_SEPARATOR)[2], "parent": found}
        found = Category.objects.get_or_create(path=level, defaults=new)[0]
    return found


def create_categories(paths: Iterable[str]) -> int:
    """Create the categories that do not exist, and those above them; return how many are new.

    1 query, and 2 for each level with a new one.
    """
    wanted = list(dict.fromkeys(level for path in paths for level in levels(path)))
    ids = _ids(wanted)
    missing = [path for path in wanted if path not in ids]
    for depth in sorted({path.count(PATH_SEPARATOR) for path in missing}):
        new = [path for path in missing if path.count(PATH_SEPARATOR) == depth]
        parted = [(path, *path.rpartition(PATH_SEPARATOR)) for path in new]
        rows = [Category(path=path, name=name, parent_id=ids.get(above)) for path, above, _, name in parted]
        Category.objects.bulk_create(rows, ignore_conflicts=True)  # another process may create it as well
        ids |= _ids(new)
    return len(missing)


def levels(path: str) -> list[str]:
    """Return the paths of a category and of those above it, from the top."""
    names = path.split(PATH_SEPARATOR)
    return [PATH_SEPARATOR.join(names[: n + 1]) for n in range(len(names))]


def _ids(paths: list[str]) -> dict[str, int]:
    return dict(Category.objects.filter(path__in=paths).values_list("path", "id"))


def get_or_create_tags(names: Iterable[str]) -> list[Tag]:
    """Return a tag for each distinct name, created if it does not exist. 1 query, or 2 if any is new."""
    wanted = list(dict.fromkeys(names))
    known = {tag.name: tag for tag in Tag.objects.filter(name__in=wanted)}
    new = [Tag(name=name) for name in wanted if name not in known]
    # If another request creates the same tag at the same time, the update returns its id.
    Tag.objects.bulk_create(new, update_conflicts=True, unique_fields=["name"], update_fields=["name"])
    return [*known.values(), *new]
