"""Notes on a whole list: why the fallback filled it, or why it is empty."""

from recommendations.engine.reasons import exhaustive
from recommendations.explainers.base import Evidence, Finding

_PLACE = " in this selection"
# {place} is filled in when filters limit the request to a part of the shop.
_NOTES = exhaustive(
    Finding,
    {
        Finding.FOUND: "",
        Finding.NO_MODEL: "We cannot match products to your taste just now",
        Finding.NO_HISTORY: "We do not know your taste yet",
        Finding.NOTHING_POPULAR: "Nothing{place} that is new to you is popular yet",
        Finding.NOTHING_TRENDING: "Nothing{place} that is new to you is trending now",
        Finding.NO_FAVOURITES: "Nothing{place} that is new to you matches your favourites yet",
        Finding.NOTHING_RELATED: "We have no personal picks for you{place} yet",
    },
)


def list_note(evidence: Evidence) -> str:
    """Return the note, a sentence without its full stop, or "" if the strategy found products."""
    place = _PLACE if evidence.is_narrowed else ""
    if evidence.suggestions:
        return _NOTES[evidence.finding].format(place=place)
    new = "more" if evidence.is_continued else "new"
    return f"We have nothing {new}{place} to recommend to you right now"
