"""What a sentence claims: of the shopper, of others, and of why a product is recommended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from recommendations.checker.facts import Facts, Recommended
from recommendations.checker.names import folded, key_of
from recommendations.checker.sentences import Part
from recommendations.engine.reasons import ReasonKind as Kind

Fault = tuple[str, str]
_ACTIONS = ("buy", "view", "cart")
_BREAKS = frozenset(
    {"taste", "show", "fits", "popular", "trending", "together", "similar", "others", "so", "hope", "met"}
)
_TOGETHER = frozenset({Kind.TOGETHER, Kind.LIFT})
_AGAIN = frozenset({Kind.BOUGHT, Kind.DUE})
_OTHERS = frozenset({Kind.BECAUSE, Kind.POPULAR, Kind.TRENDING, Kind.TOGETHER, Kind.LIFT})
_NOTES = {
    "no history": {"know", "taste", "novel"},
    "no model": {"know", "taste", "novel", "show"},
    "no favourites": {"taste", "novel"},
    "nothing related": {"taste", "novel", "show"},
    "nothing popular": {"popular", "novel"},
    "nothing trending": {"trending", "novel"},
}


def false_claim(parts: Sequence[Part], previous: Sequence[Part], facts: Facts) -> Fault | None:
    """Return the check that a sentence fails, with the words at fault; None if all that it says holds.

    previous: the accepted sentence before it, to which "it" and "that is why" refer
    """
    reader = _Reader(parts, previous, facts)
    return (
        reader.wrong_number()
        or reader.wrong_history()
        or reader.wrong_negation()
        or reader.wrong_list()
        or reader.wrong_action()
        or reader.wrong_reason()
    )


@dataclass
class _Index:
    """The facts by folded name."""

    products: dict[str, Recommended]
    bought: frozenset[str]
    viewed: frozenset[str]
    cart: frozenset[str]
    because: dict[str, frozenset[str]]
    similar: dict[str, frozenset[str]]
    terms: dict[str, frozenset[str]]
    places: dict[str, frozenset[str]]
    interests: frozenset[str]
    wanted: frozenset[str]


def _index(facts: Facts) -> _Index:
    known = facts.__dict__.get("_index")
    if known is None:
        products = {key_of(product.name): product for product in facts.products}
        terms = {key: frozenset(map(key_of, product.terms)) for key, product in products.items()}
        interests = frozenset(map(key_of, facts.interests))
        known = _Index(
            products,
            frozenset(map(key_of, facts.bought)),
            frozenset(map(key_of, facts.viewed)),
            frozenset(map(key_of, facts.cart)),
            {key: frozenset(map(key_of, product.because)) for key, product in products.items()},
            {key: frozenset(map(key_of, product.similar)) for key, product in products.items()},
            terms,
            {key: frozenset(map(key_of, product.categories)) for key, product in products.items()},
            interests,
            interests.union(*terms.values()) if terms else interests,
        )
        facts.__dict__["_index"] = known
    return known


@dataclass
class _Reader:
    parts: Sequence[Part]
    previous: Sequence[Part]
    facts: Facts
    actions: list[tuple[int, str, list[int]]] = field(
        default_factory=list
    )  # place, kind, places of its objects
    theirs: list[tuple[int, str, list[int]]] = field(default_factory=list)  # the same of other shoppers

    def __post_init__(self) -> None:
        self.index = _index(self.facts)
        self._find_actions()

    # numbers

    def wrong_number(self) -> Fault | None:
        """Every number counts products, categories or days that are there."""
        numbers = [part for part in self.parts if part.number is not None]
        if not numbers:
            return None
        products = {
            key
            for part in self.parts
            if part.is_product and part.name
            for key in part.name.keys
            if key in self.index.products
        }
        terms = {part.text.casefold() for part in self.parts if part.is_term}
        allowed = {1, len(self.facts.products), len(products), len(terms)}
        for key in products:
            if any("buy" in part.classes or "again" in part.classes for part in self.parts):
                allowed.add(self.index.products[key].days)
        allowed -= {0}
        for place, part in enumerate(self.parts):
            if part.number is None:
                continue
            is_rest = place + 1 < len(self.parts) and folded(self.parts[place + 1].text) in _MORE
            if is_rest and part.number <= len(self.facts.products) - len(products):
                continue
            if part.number not in allowed and not (part.classes and part.number is None):
                return "numbers", part.text
        return None

    # what the shopper did

    def wrong_history(self) -> Fault | None:
        """A shopper without a history is not welcomed back, and has neither bought nor viewed anything."""
        facts = self.facts
        for part in self.parts:
            classes = part.classes
            if "back" in classes and not facts.has_history:
                return "behaviour", part.text
            if "history" in classes and not (facts.bought or self._has(_TOGETHER | _AGAIN)):
                return "behaviour", part.text
            if "views" in classes and not facts.has_history:
                return "behaviour", part.text
            if "cart" in classes and not facts.cart:
                return "behaviour", part.text
            if (
                "know" in classes
                and facts.finding == "found"
                and facts.has_history
                and "plain" not in classes
            ):
                return "behaviour", part.text
        return None

    def _has(self, kinds: frozenset[Kind]) -> bool:
        return any(product.kinds & kinds for product in self.facts.products)

    def wrong_list(self) -> Fault | None:
        """What follows "your purchases:" was bought."""
        for at, part in enumerate(self.parts[:3]):
            if "history" not in part.classes or any(
                one.classes - {"plain", "you", "your"} for one in self.parts[:at]
            ):
                continue
            if any(folded(one.text) in _GIVEN for one in self.parts[:at]):
                continue
            for place in range(at + 1, len(self.parts)):
                one = self.parts[place]
                if one.is_product:
                    if not any(self._did(key, "buy", False) for key in self._keys(place)):
                        return "behaviour", f"{part.text} {one.text}"
                    break
                if one.mark not in ("", ":") or one.classes & {"you", "so", "others", "taste"}:
                    break
        return None

    def wrong_negation(self) -> Fault | None:
        """Only what the strategy did not find may be denied."""
        for place, part in enumerate(self.parts):
            if "not" not in part.classes or part.classes & {"plain", "when", "others"}:
                continue
            allowed = _NOTES.get(self.facts.finding)
            clause = self.parts[slice(*self._clause(place))]
            said = frozenset().union(*(each.classes for each in clause))
            if allowed is None and not self.facts.has_history:
                allowed = _NOTES["no history"]
            if allowed is None or not said & allowed:
                return "behaviour", part.text
            if any(each.is_product for each in clause) or said & {"buy", "view", "cart", "history"}:
                return "behaviour", part.text
            if said & {"popular", "trending"} and not said & {"popular", "trending"} & allowed:
                return "reasons", part.text
        return None

    def wrong_action(self) -> Fault | None:
        """What the shopper is said to have done with a product is what they did."""
        index, parts = self.index, self.parts
        explained: set[int] = set()
        for place, kind, objects in self.actions:
            explained.update(objects)
            either = self._either(place)
            for at in objects:
                keys = self._keys(at)
                if not any(self._did(key, kind, either) for key in keys):
                    return "behaviour", f"{parts[place].text} {parts[at].text}"
            if not objects and not self._may_be_general(kind):
                return "behaviour", parts[place].text
        for place, kind, objects in self.theirs:
            explained.update(objects)
            is_shared = any("asyou" in part.classes for part in parts)
            for at in objects:
                keys = self._keys(at)
                if self._is_suggested(at) and not is_shared and not self._is_condition(place):
                    continue
                origins = frozenset().union(*index.because.values()) if index.because else frozenset()
                if self._is_condition(place) and not keys & origins:
                    return "reasons", f"{parts[place].text} {parts[at].text}"
                if not keys & (origins | index.bought | index.viewed):
                    return "behaviour", f"{parts[place].text} {parts[at].text}"
                if kind == "buy" and not self._either(place) and not keys & index.bought:
                    return "behaviour", f"{parts[place].text} {parts[at].text}"
        for at, part in enumerate(parts):
            if not part.is_product:
                continue
            before = self._before(at)
            if before is not None and folded(before.text) in _ORDINALS:
                return "claims", f"{before.text} {part.text}"
            if self._is_compared(at):
                return "reasons", f"{parts[max(0, at - 2)].text} {part.text}"
            if at in explained:
                continue
            owner = self._word_before(at, {"have"}, {"plain", "when", "novel", "you"})
            if owner is not None and self._is_of_shopper(owner) and not self._is_suggested(at):
                explained.add(at)
                if not self._keys(at) & index.bought:
                    return "behaviour", f"{parts[owner].text} {part.text}"
            elif owner is not None and self._is_of_shopper(owner) and not self._keys(at) & index.bought:
                return "behaviour", f"{parts[owner].text} {part.text}"
            elif before is not None and "your" in before.classes:
                if not self._keys(at) & index.bought:
                    return "behaviour", f"{before.text} {part.text}"
                explained.add(at)
            elif not self._is_suggested(at):
                if not self._is_related(at):
                    return "names", part.text
        return None

    def _did(self, key: str, kind: str, either: bool) -> bool:
        index = self.index
        product = index.products.get(key)
        has_bought = key in index.bought or (product is not None and bool(product.kinds & _AGAIN))
        if kind == "cart":
            return key in index.cart
        if kind == "buy" and not either:
            return has_bought
        if either:
            origins = frozenset().union(*index.because.values()) if index.because else frozenset()
            return has_bought or key in index.viewed or key in origins
        return key in index.viewed

    def _either(self, place: int) -> bool:
        """Return whether "viewed or bought" is said."""
        around = self.parts[max(0, place - 2) : place + 3]
        kinds = {kind for part in around for kind in _ACTIONS if kind in part.classes}
        return {"buy", "view"} <= kinds and any(
            folded(part.text) in ("or", "oder", "ou", "o", "u") for part in around
        )

    def _may_be_general(self, kind: str) -> bool:
        facts = self.facts
        if kind == "buy":
            return bool(facts.bought) or self._has(_AGAIN | _TOGETHER | {Kind.BECAUSE})
        if kind == "cart":
            return bool(facts.cart)
        return bool(facts.viewed) or facts.has_history

    def _is_compared(self, at: int) -> bool:
        """Return whether something is said to be like a product in a way that no reason names."""
        place = at - 1
        while (
            place > 0
            and self.parts[place].classes & {"your", "plain"}
            and folded(self.parts[place].text) not in _LIKE
        ):
            place -= 1
        if place < 1 or folded(self.parts[place].text) not in _LIKE or self._is_suggested(at):
            return False
        similar = frozenset().union(*self.index.similar.values()) if self.index.similar else frozenset()
        if self._keys(at) & similar or not (
            "aux" in self.parts[place - 1].classes or self.parts[place - 1].is_term
        ):
            return False
        words = set().union(*(key.split() for key in self._keys(at)))
        terms = [part.name.keys for part in self.parts if part.is_term and part.name]
        return not any(key in words for keys in terms for key in keys)

    def _is_condition(self, place: int) -> bool:
        """Return whether an action says which shoppers are meant: "who bought it"."""
        near = self.parts[max(0, place - 3) : place]
        start = self._clause(place)[0]
        return any(folded(part.text) in _WHO for part in near) or (
            start < place and "rel" in self.parts[start].classes
        )

    def _is_related(self, at: int) -> bool:
        """Return whether a product that is not recommended is named as what something refers to."""
        keys, index = self._keys(at), self.index
        similar = frozenset().union(*index.similar.values()) if index.similar else frozenset()
        because = frozenset().union(*index.because.values()) if index.because else frozenset()
        met = index.bought | index.viewed
        start, end = self._clause(at, all_commas=False)
        said = frozenset().union(*(part.classes for part in self.parts[start:end]))
        if "similar" in said and keys & (similar | because | met):
            return True
        if said & {"others", "met"} and keys & (because | met):
            return True
        if not keys & met:
            return False
        place = at - 1
        while (
            place > 0
            and self.parts[place].classes
            and self.parts[place].classes <= {"plain", "when", "it", "rel"}
        ):
            place -= 1
        if place >= 0 and self.parts[place].classes & {"taste", "hope"}:
            return True
        start, end = self._clause(at)
        said = frozenset().union(*(part.classes for part in self.parts[start:end]))
        return {"taste", "you"} <= said and not said & {"show", "fits", "aux"}

    # reasons

    def wrong_reason(self) -> Fault | None:
        """Each product named has the reason that the sentence gives for it."""
        for segment in self._segments():
            if fault := self._wrong_segment(segment):
                return fault
        return None

    def _wrong_segment(self, places: list[int]) -> Fault | None:
        index, parts = self.index, self.parts
        in_objects = {at for _, _, objects in self.actions for at in objects}
        by_others = {at for _, _, objects in self.theirs for at in objects}
        denied = self._denied()
        suggested: list[tuple[frozenset[str], str]] = []
        referred: list[frozenset[str]] = []
        terms: list[tuple[frozenset[str], int]] = []
        classes: set[str] = set()
        for at in places:
            part = parts[at]
            if part.is_product:
                if (
                    self._is_suggested(at)
                    and at not in in_objects
                    and not (at in by_others and self._is_origin(at))
                ):
                    suggested.append((self._keys(at) & index.products.keys(), part.text))
                else:
                    referred.append(self._keys(at))
            elif part.is_term and part.name:
                terms.append((part.name.keys, at))
            elif at not in denied:
                if "taste" in part.classes and self._is_of_others(at):
                    classes |= part.classes - {"taste"} | {"liked"}
                else:
                    classes |= part.classes
        if "you" not in classes and "others" in classes:
            classes -= {"taste"}
        if classes & {"popular", "trending"} and "others" not in classes | {"popular"}:
            pass
        if "liked" in classes and not referred and not classes & {"you", "asyou", "so"}:
            classes |= {"popular"}
        claims = classes & {"popular", "trending", "together", "similar", "again", "others", "taste", "fits"}
        if 0 in places and any("so" in part.classes and "plain" not in part.classes for part in parts[:2]):
            terms.extend((part.name.keys, 0) for part in self.previous if part.is_term and part.name)
        if not suggested:
            suggested = self._antecedent(places, classes)
        if not suggested:
            return self._wrong_for_nobody(classes, terms)
        if "plain" in classes and "some" in classes and not any(parts[at].is_product for at in places):
            return self._wrong_for_nobody(classes, terms)
        for keys, text in suggested:
            products = [index.products[key] for key in keys]
            if not any(self._holds(product, claims, referred, terms, classes) for product in products):
                said = ", ".join(parts[at].text for _, at in terms) or ", ".join(sorted(claims))
                return "reasons", f"{text}: {said}"
        if any(folded(parts[at].text) in _MORE for at in places):  # "and 2 more"
            suggested = [(frozenset({key}), "") for key in index.products]
        for keys, at in terms:
            if not any(self._has_term(key, keys) for some, _ in suggested for key in some):
                if not (keys & index.interests and "taste" in classes | self._near(at)):
                    return "reasons", parts[at].text
        for keys in referred:
            named = [index.because[key] | index.similar[key] for some, _ in suggested for key in some]
            if any(named) and not any(keys & origins for origins in named):
                if all(origins for origins in named):
                    return "reasons", ", ".join(sorted(keys))
        return None

    def _is_of_others(self, at: int) -> bool:
        """Return whether what is liked here is liked by other shoppers."""
        said = frozenset().union(*(part.classes for part in self.parts[slice(*self._clause(at))]))
        return "others" in said and "you" not in said

    def _near(self, at: int) -> frozenset[str]:
        return frozenset().union(*(part.classes for part in self.parts[max(0, at - 8) : at + 8]))

    def _holds(
        self,
        product: Recommended,
        claims: set[str],
        referred: list[frozenset[str]],
        terms: list[tuple[frozenset[str], int]],
        classes: set[str],
    ) -> bool:
        key = key_of(product.name)
        index, kinds = self.index, product.kinds
        if "popular" in claims and Kind.POPULAR not in kinds:
            return False
        if "trending" in claims and Kind.TRENDING not in kinds:
            return False
        if "together" in claims and not kinds & _TOGETHER:
            return False
        if "similar" in claims:
            if Kind.SIMILAR not in kinds and not ("others" in claims and Kind.BECAUSE in kinds):
                return False
            if referred and not any(keys & (index.similar[key] | index.because[key]) for keys in referred):
                return False
        if "again" in claims and not (kinds & _AGAIN or key in index.bought):
            return False
        if "others" in claims and not kinds & _OTHERS:
            return False
        if "others" in claims and referred and not any(keys & index.because[key] for keys in referred):
            if not (
                kinds & (_TOGETHER | {Kind.POPULAR, Kind.TRENDING})
                and claims & {"together", "popular", "trending"}
            ):
                return False
        if referred and (origins := index.because[key] | index.similar[key]):
            if not any(keys & origins for keys in referred) and not terms:
                return False
        elif referred and not (product.is_personal or "others" in claims):
            return False
        if terms and not any(self._has_term(key, keys, wanted="taste" in claims) for keys, _ in terms):
            return False
        return not ("taste" in claims and not product.is_personal)

    def _has_term(self, key: str, keys: frozenset[str], wanted: bool = False) -> bool:
        if _matches(keys, self.index.terms[key]):
            return True
        return not wanted and _matches(keys, self.index.places[key])

    def _wrong_for_nobody(self, classes: set[str], terms: list[tuple[frozenset[str], int]]) -> Fault | None:
        """Return a fault of a claim that concerns no product: of the shopper, or of some of the list."""
        index, products = self.index, self.facts.products
        if "taste" in classes and "you" in classes:
            for keys, at in terms:
                if not _matches(keys, index.wanted):
                    return "reasons", self.parts[at].text
            if not terms and not any(product.is_personal for product in products) and not index.interests:
                return "reasons", "taste"
        for kind, needed in (
            ("popular", {Kind.POPULAR}),
            ("trending", {Kind.TRENDING}),
            ("together", _TOGETHER),
            ("similar", {Kind.SIMILAR, Kind.BECAUSE}),
            ("again", _AGAIN),
            ("others", _OTHERS),
        ):
            if kind in classes and not any(product.kinds & needed for product in products):
                return "reasons", kind
        return None

    def _antecedent(self, places: list[int], classes: set[str]) -> list[tuple[frozenset[str], str]]:
        """Return the products that "it", "these" or "that is why" refer to."""
        is_plural, is_one = bool(classes & {"these", "each"}), "it" in classes
        if not (is_plural or is_one):
            return []
        if any(self.parts[at].is_product for at in places) and not is_plural:
            return []
        named = [
            (part.name.keys & self.index.products.keys(), part.text)
            for part in (*self.previous, *(self.parts[: places[0]] if places else ()))
            if part.is_product and part.name and part.name.keys & self.index.products.keys()
        ]
        if is_plural and (named or not is_one):
            chosen = named or [
                (frozenset({key}), product.name) for key, product in self.index.products.items()
            ]
            return [] if "some" in classes and "each" not in classes and not named else chosen
        return named[-1:]

    def _denied(self) -> set[int]:
        """Return the places of what is denied: it claims nothing."""
        places: set[int] = set()
        for place, part in enumerate(self.parts):
            if ("not" in part.classes and not part.classes & {"plain", "when", "others"}) or (
                "know" in part.classes
                and not any(each.is_product for each in self.parts[slice(*self._clause(place))])
            ):
                places.update(range(*self._clause(place)))
        return places

    # syntax

    def _segments(self) -> list[list[int]]:
        """Return the places of the parts, by clauses that each name products and say why."""
        pieces: list[list[int]] = [[]]
        for place, part in enumerate(self.parts):
            is_joint = part.mark in (":", ";", ",") or folded(part.text) in _AND
            if is_joint and pieces[-1] and part.mark != "":
                pieces.append([place])
            else:
                pieces[-1].append(place)
        merged: list[list[int]] = []
        for piece in pieces:
            if merged and not (self._is_whole(merged[-1]) and self._is_whole(piece) and self._begins(piece)):
                merged[-1].extend(piece)
            else:
                merged.append(list(piece))
        if len(merged) > 1 and not all(self._is_whole(piece) for piece in merged):
            return [list(range(len(self.parts)))]
        return merged

    def _is_whole(self, places: list[int]) -> bool:
        """Return whether a clause has products, a reason and a verb of its own."""
        said = [self.parts[at] for at in places]
        has_product = any(part.is_product for part in said) or any("it" in part.classes for part in said[:4])
        reasons = {"taste", "popular", "trending", "together", "similar", "again", "others", "fits"}
        has_reason = any(part.is_term or part.classes & reasons for part in said)
        return (
            has_product
            and has_reason
            and any("aux" in part.classes or "taste" in part.classes for part in said)
        )

    def _begins(self, piece: list[int]) -> bool:
        """Return whether a clause begins with "and", "while" or "the other one", after a comma."""
        first = [self.parts[at] for at in piece[:2]]
        return first[0].mark in (";", ":") or (len(first) > 1 and folded(first[1].text) in _AND)

    def _clause(self, place: int, all_commas: bool = True) -> tuple[int, int]:
        """Return where the clause around a place begins and ends. Commas end it, if all of them do."""
        ends = (",", ":", ";", ".") if all_commas else (":", ";", ".")
        start, end = place, place
        while start > 0 and self.parts[start - 1].mark not in ends:
            start -= 1
        while end < len(self.parts) and self.parts[end].mark not in ends:
            end += 1
        return start, end

    def _find_actions(self) -> None:
        for place, part in enumerate(self.parts):
            kind = next((kind for kind in _ACTIONS if kind in part.classes), None)
            if kind is None or (part.classes & {"history", "views", "again", "plain"} and kind != "cart"):
                continue
            objects = self._objects(place)
            if self._is_of_shopper(place):
                self.actions.append((place, kind, objects))
            else:
                self.theirs.append((place, kind, objects))

    def _is_of_shopper(self, place: int) -> bool:
        """Return whether the shopper is who does this: nobody else is named before it."""
        start, end = self._clause(place)
        clause = self.parts[start:end]
        if any("together" in part.classes for part in clause):
            return False
        for at in range(place - 1, -1, -1):
            part = self.parts[at]
            if part.mark in (":", ";", "."):
                return True
            if "asyou" in part.classes:
                continue
            if "others" in part.classes and folded(part.text) not in _AMBIGUOUS_OTHERS:
                return False
            if "you" in part.classes and "your" not in part.classes:
                return True
        return True

    def _objects(self, place: int) -> list[int]:
        """Return the places of the products that an action concerns."""
        parts = self.parts
        at = place + 1
        while at < len(parts) and not parts[at].is_product:
            if parts[at].is_term:
                return []
            if parts[at].mark or (
                parts[at].classes & _BREAKS and not parts[at].classes & {"plain", "have", "when", "it"}
            ):
                break
            if ("rel" in parts[at].classes and "plain" not in parts[at].classes) or folded(
                parts[at].text
            ) in _AS:
                break
            at += 1
        if at < len(parts) and parts[at].is_product:
            return self._chain(at)
        at = place - 1
        while at >= 0 and not parts[at].is_product:
            if parts[at].mark:
                follows = at + 1 < place and "rel" in parts[at + 1].classes
                if parts[at].mark != "," or not follows:
                    return []
            elif any(kind in parts[at].classes for kind in _ACTIONS) or (
                parts[at].classes & _BREAKS - {"so", "met"}
                and not parts[at].classes & {"plain", "you", "rel"}
            ):
                return []
            at -= 1
        chain: list[int] = []
        while at >= 0:
            if parts[at].is_product:
                chain.append(at)
            elif not (parts[at].mark == "," or folded(parts[at].text) in _LINKS or parts[at].is_term):
                break
            at -= 1
        return chain

    def _chain(self, at: int) -> list[int]:
        """Return the places of a list of products that begins there: "A, B and C"."""
        parts, chain, before_comma = self.parts, [at], 0
        place = at + 1
        last_mark = ""
        while place < len(parts):
            part = parts[place]
            if part.is_product:
                if last_mark == "," and not before_comma:
                    before_comma = len(chain)
                chain.append(place)
                last_mark = ""
            elif part.mark == ",":
                last_mark = ","
            elif not part.mark and folded(part.text) in _LINKS:
                pass
            else:
                break
            place += 1
        if before_comma and place < len(parts) and not parts[place].mark and parts[place - 1].mark != ",":
            rest = parts[place : self._clause(place)[1]]
            if any(part.classes & {"aux", "hope"} for part in rest):
                return chain[:before_comma]
        return chain

    def _keys(self, at: int) -> frozenset[str]:
        name = self.parts[at].name
        return name.keys if name is not None else frozenset()

    def _is_suggested(self, at: int) -> bool:
        return bool(self._keys(at) & self.index.products.keys())

    def _is_origin(self, at: int) -> bool:
        keys = self._keys(at)
        return any(keys & origins for origins in self.index.because.values())

    def _before(self, at: int) -> Part | None:
        return self.parts[at - 1] if at else None

    def _word_before(self, at: int, wanted: set[str], over: set[str]) -> int | None:
        """Return the place of the nearest wanted word before a product, over words of these classes only."""
        place = at - 1
        while place >= 0 and not self.parts[place].mark:
            if self.parts[place].classes & wanted:
                return place if self._has_subject(place) else None
            if not self.parts[place].classes & over or self.parts[place].is_product:
                return None
            place -= 1
        return None

    def _has_subject(self, place: int) -> bool:
        """Return whether "you" are who has it."""
        around = self.parts[max(0, place - 2) : place + 2]
        return any("you" in part.classes and "your" not in part.classes for part in around) or (
            folded(self.parts[place].text) in _YOU_HAVE
        )


def _matches(keys: Iterable[str], known: Iterable[str]) -> bool:
    return bool(frozenset(keys) & frozenset(known))


_LIKE = frozenset({"like", "wie", "comme", "como"})
_ORDINALS = frozenset(
    (
        "last latest past previous next first letzte letzten letzter letztes nachste nachsten erste "
        "ersten dernier derniere derniers dernieres premier premiere prochain prochaine ultimo ultima "
        "ultimos ultimas primer primera proximo"
    ).split()
)
_WHO = frozenset({"who", "that", "whoever", "qui", "que", "quienes", "wer"})
_GIVEN = frozenset(
    word.replace("_", " ")
    for word in (
        "based_on since after because_of thanks_to given considering following due_to aufgrund nach dank "
        "wegen passend_zu d_apres apres selon grace_a suite_a segun tras gracias_a"
    ).split()
)
_MORE = frozenset({"more", "weitere", "autres", "mas"})
_AND = frozenset({"and", "und", "et", "y", "while", "whereas", "wahrend", "tandis", "mientras"})
_LINKS = frozenset(
    (
        "and or the a an und oder der die das den dem ein eine einen et ou le la les l un une des y o u "
        "el los las e as auch aussi tambien also your our dein deine ihr"
    ).split()
)
_AS = frozenset(
    {"because", "since", "weil", "denn", "car", "parce que", "puisque", "porque", "pues", "ya que"}
)
_AMBIGUOUS_OTHERS = frozenset({"viele", "vielen", "beaucoup", "many"})
_YOU_HAVE = frozenset({"hast", "avez", "tienes"})
