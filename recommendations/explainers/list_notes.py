"""What is said of a list as a whole: why it is not what its strategy found, or why it is empty."""

from recommendations.engine.reasons import exhaustive
from recommendations.explainers.base import Evidence, Finding

_PLACE = " in this selection"
# {place}: where only a part of the shop was looked at
_NOTES = exhaustive(
    Finding,
    {
        Finding.FOUND: "",
        Finding.NO_MODEL: "We cannot match products to your taste just now",
        Finding.NO_HISTORY: "We do not know your taste yet",
        Finding.NOTHING_POPULAR: "Nothing{place} that is new to you is popular yet",
        Finding.NOTHING_TRENDING: "Nothing{place} that is new to you is trending now",
        Finding.NO_FAVOURITES: "Nothing{place} that is new to you matches your favourites yet",
        Finding.NOTHING_RELATED: "We have found nothing{place} for you in particular yet",
    },
)


def list_note(evidence: Evidence) -> str:
    """Return the note, a sentence to the shopper without its full stop; "" where there is nothing to note."""
    place = _PLACE if evidence.is_narrowed else ""
    if evidence.suggestions:
        return _NOTES[evidence.finding].format(place=place)
    new = "more" if evidence.is_continued else "new"
    return f"There is nothing {new}{place} that we could recommend to you just now"
