"""Names that a text for shoppers may repeat, made fit for it; those that it may not are left out."""

import re
import unicodedata
from functools import lru_cache

from recommendations.checker.lexicon import LANGUAGES, lexicon
from recommendations.checker.names import words_of

MOST_LETTERS = 255  # of a name; the prompt cuts it shorter
MOST_WORDS_OF_A_PERSON = 6
_HIDDEN = frozenset({"Cf", "Cc", "Co", "Cs", "Cn", "Zl", "Zp"})
_KEPT = frozenset("\u200d\ufe0f")  # they join emoji
_MARKUP = re.compile(
    r"""[<>{}|\\`\[\]]|://|\bwww\.|\b(?:javascript|data|mailto|vbscript)\s*:|&\#?\w+;|!\[|\]\(|@\w+[._]|\w@\w"""
    r"""|\b[\w-]+\.(?:com|net|org|info|biz|io|co|shop|store|app|dev|xyz|top|site|online|link|click|example|test|invalid"""
    r"""|ru|cn|de|fr|es|it|uk|eu|us|ly|me|gg|tk)\b|^\s*[=+@](?=\s*\w)|\*\*|__|^\#+\s|~~~|-->|<!--""",
    re.IGNORECASE,
)
_QUOTED_JSON = re.compile(r"""["“”]\s*[:,}\]]|[:{\[,]\s*["“”]""")
# Orders to a model, forged turns and forged evidence, in the languages that attackers write.
_ORDERS = re.compile(
    r"""\b(?:ignor\w*|disregard|forget|override|bypass|pretend|reveal|repeat\ after|act\ as
    |respond\ with|reply\ with
    |you\ are\ now|from\ now\ on|new\ (?:rule|instruction|task|role)s?|previous\ (?:instruction|prompt|rule)s?
    |all\ (?:previous|prior|above)|the\ above|system\s*(?::|prompt|message|override|note)
    |assistant\s*:|user\s*:|developer\s*:
    |\#\#\#|instructions?\s*:|output\s+only|say\s+(?:that|only|exactly|buy|to)\b|tell\s+(?:the|every|them|all)\b|print\s+(?:only|that|the|out)\b
    |write\s+(?:a|an|that|only)\b|prompt|as\ an\ ai|language\ model|jailbreak|end\ of\ (?:data|prompt)
    |vergiss|missachte|befolge|antworte|sage?\s+(?:dass|nur|allen)|schreibe?\s+(?:ein|dass|nur)
    |anweisung(?:en)?|systemnachricht
    |oublie[zr]?|ne\ tenez\ pas|dis\s+(?:que|seulement)|dites\s+(?:que|seulement)
    |écri[st]\w*|consignes?|répond[sez]*
    |olvida\w*|di\s+que|diga\s+que|escrib\w+|instruccion\w*|responde\w*|esquec\w*|diga\b|escreva|instruç\w*
    |dimentica\w*|scrivi|istruzion\w*|rispondi|negeer|vergeet|schrijf|instructies
    |zignoruj|zapomnij|napisz|instrukcj\w*
    |yoksay|unut|talimat\w*|yaz\b
    |игнорир\w*|забудь\w*|инструкци\w*|напиши\w*|скажи\w*|систем\w*|ігнор\w*)\b
    |忽略|无视|無視|忘记|忘れ|指示|指令|系统|系統|システム|输出|出力|说出|プロンプト|무시|지시|시스템|تجاهل|تعليمات|النظام|अनदेखा|निर्देश|התעלם|הוראות
    |(?:recently|zuletzt|récemment|recientemente)\ (?:purchased|viewed|bought|gekauft|angesehen)\s*:
    |interested\ in\s*:
    |purchased\s*:|viewed\s*:|popular\ with\s|trending\s*:""",
    re.IGNORECASE | re.VERBOSE,
)
_OFFER = re.compile(
    r"[%$€£¥₽₹]|\b(?:eur|usd|gbp|chf|winner|admin|support|official|staff|moderator|security)\b",
    re.IGNORECASE,
)
_BASE64 = re.compile(r"\b[A-Za-z0-9+/]{24,}={0,2}(?![\w])")


def cleaned(name: str) -> str:
    """Return the name in one line, without control, invisible and bidirectional characters, cut."""
    kept = "".join(
        " " if char.isspace() else char
        for char in name
        if char.isspace() or char in _KEPT or unicodedata.category(char) not in _HIDDEN
    )
    return " ".join(kept.split())[:MOST_LETTERS].rstrip()


@lru_cache(maxsize=16_384)
def shop_name(name: str) -> str:
    """Return the name of a product, a category or a tag for a text, "" if no text may repeat it.

    A name with markup, an address or an order to a model is not repeated. An offer is: the shop makes it.
    """
    shown = cleaned(name)
    return "" if _is_hostile(shown) else shown


@lru_cache(maxsize=1_024)
def person_name(name: str) -> str:
    """Return the name of a shopper for a text, "" if no text may repeat it.

    Shoppers choose their names themselves, so these may not be sentences, offers or numbers either.
    """
    shown = cleaned(name)
    if _is_hostile(shown) or _OFFER.search(shown) or (_BASE64.search(shown) and not shown.isalpha()):
        return ""
    words = words_of(shown)
    if len(words) > MOST_WORDS_OF_A_PERSON or re.search(r"[,;:!?\"“”()/*_#=+]|\.\s*\S*\.\S", shown):
        return ""
    # "Customer 12346" is a name; a telephone number or "100 for you" is none.
    numbers = [word for word in words if word.isdecimal()]
    if len(numbers) > 1 or (numbers and (len(words) > 2 or len(numbers[0]) > 6)):
        return ""
    return "" if _is_sentence(words) else shown


def _is_hostile(shown: str) -> bool:
    flat = unicodedata.normalize("NFKC", shown)
    return any(
        pattern.search(text) for text in {shown, flat} for pattern in (_MARKUP, _QUOTED_JSON, _ORDERS)
    ) or bool(_BASE64.search(flat) and re.search(r"\d|=", flat) and " " not in flat)


def _is_sentence(words: tuple[str, ...]) -> bool:
    """Return whether the words say something: an offer, or a verb among other words."""
    said: list[frozenset[str]] = []
    for language in LANGUAGES:
        vocabulary = lexicon(language)
        for place in range(len(words)):
            if found := vocabulary.at(words, place):
                classes = found[1]
                if classes & {"claims", "instructions"} and len(words) > 1:
                    return True
                if len(words) > 2 and classes & _SPOKEN and "your" not in classes:
                    said.append(classes)
    return len(said) >= 2


_SPOKEN = frozenset(
    {"you", "have", "aux", "buy", "view", "taste", "hope", "show", "these", "not", "popular", "trending"}
)
