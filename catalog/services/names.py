"""Categories and tags as staff write them: by name, and a new name is a new row."""

from collections.abc import Iterable

from catalog.models import Category, Tag


def category_named(name: str | None) -> Category | None:
    """Return the category of that name, made now if there was none: one query, or up to four when new."""
    if name is None:
        return None
    category: Category = Category.objects.get_or_create(name=name)[0]
    return category


def tags_named(names: Iterable[str]) -> list[Tag]:
    """Return a tag for each distinct name, made now where there was none: one query, or two when new."""
    wanted = list(dict.fromkeys(names))
    known = {tag.name: tag for tag in Tag.objects.filter(name__in=wanted)}
    new = [Tag(name=name) for name in wanted if name not in known]
    # Somebody may make the same tag meanwhile: then that one is taken.
    Tag.objects.bulk_create(new, update_conflicts=True, unique_fields=["name"], update_fields=["name"])
    return [*known.values(), *new]
