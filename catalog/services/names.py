"""Categories and tags by name, created when they do not exist."""

from collections.abc import Iterable

from catalog.models import Category, Tag


def get_or_create_category(name: str | None) -> Category | None:
    """Return the category of that name, created if it does not exist. 1 query, or up to 4 if it is new."""
    if name is None:
        return None
    category: Category = Category.objects.get_or_create(name=name)[0]
    return category


def get_or_create_tags(names: Iterable[str]) -> list[Tag]:
    """Return a tag for each distinct name, created if it does not exist. 1 query, or 2 if any is new."""
    wanted = list(dict.fromkeys(names))
    known = {tag.name: tag for tag in Tag.objects.filter(name__in=wanted)}
    new = [Tag(name=name) for name in wanted if name not in known]
    # If another request creates the same tag at the same time, the update returns its id.
    Tag.objects.bulk_create(new, update_conflicts=True, unique_fields=["name"], update_fields=["name"])
    return [*known.values(), *new]
