"""The text of a chat completion that a shopper may see: no thoughts, no control tokens, whole sentences."""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from recommendations.explainers.chat_options import ChatUnavailable

# A token is a few characters, so a longer text ignores the limit of tokens.
MOST_CHARACTERS = 10_000
MOST_WITH_THOUGHTS = 200_000
GREETING_WORDS = 4  # a cut text of one greeting or exclamation that is not longer explains nothing

_ENDED = frozenset({"", "stop", "eos", "eos_token", "end_turn", "stop_sequence", "completed", "finished"})
_WITHHELD = frozenset(
    {
        "content_filter",
        "safety",
        "recitation",
        "sensitive",
        "refusal",
        "error",
        "insufficient_system_resource",
    }
)
_TOOLS = frozenset({"tool_calls", "tool_call", "tool_use", "function_call"})

# Other characters for < > |, as some models write them, and invisible ones that would hide a tag.
_AS_ASCII = str.maketrans(
    {"◁": "<", "▷": ">", "＜": "<", "＞": ">", "｜": "|"} | dict.fromkeys("\u200b\u2060\ufeff\xad")
)
_ESCAPED_TAG = re.compile(r"&lt;([^&<>\n]{1,80})&gt;", re.IGNORECASE)

_THOUGHT = (
    r"(?:(?:ant_?)?think(?:ing)?|thoughts?|thought_process|reason(?:ing)?|reflections?|analysis|scratch_?pad"
    r"|inner_?(?:monologue|thoughts?)|chain_of_thought|cot|plan(?:ning)?)"
)
_GAP, _PREFIX = r"\s{0,2}", r"(?:\w{1,20}:)?"
_BRACKETED = r"(?:think(?:ing)?|thoughts?|reasoning)"
_MARK = re.compile(
    rf"""
      (?P<none> <{_GAP}{_PREFIX}{_THOUGHT}{_GAP}/{_GAP}> )
    | (?P<open> <{_GAP}\|?{_GAP}{_PREFIX}(?:begin_of_|start_of_|start_)?{_THOUGHT}(?:\s[^<>]*)?\|?{_GAP}>
              | \[{_GAP}{_BRACKETED}{_GAP}\]
              | <\|channel>{_GAP}(?:thoughts?|analysis)\b )
    | (?P<close> <{_GAP}\|?{_GAP}/{{1,3}}{_GAP}{_PREFIX}{_THOUGHT}{_GAP}\|?{_GAP}>
               | <\|?(?:end_of_|end_|stop_){_THOUGHT}\|?>
               | \[{_GAP}/{_GAP}{_BRACKETED}{_GAP}\]
               | <channel\|> )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FENCED_THOUGHT = re.compile(rf"```{_GAP}{_BRACKETED}\b.*?(?:```|\Z)", re.DOTALL | re.IGNORECASE)

# OpenAI's harmony format: a message belongs to a channel, and only `final` is for the reader.
_CHANNEL = re.compile(
    r"<\|channel\|>\s*(?P<name>\w+)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>"
    r"(?P<text>.*?)(?=<\|(?:end|return|call|start|channel)\|>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_HEADLESS = re.compile(r"\s*(?:analysis|commentary|final)\b[^<]*<\|message\|>", re.IGNORECASE)
# The same after a server has removed the special tokens, which leaves their words.
_BARE_CHANNEL = re.compile(r"\s*(?:assistant)?(?:analysis|commentary)(?=[\s\"'“‘*A-ZÀ-Þ])")
_BARE_FINAL = re.compile(r"\s*(?:assistant)?final(?=[\"'“‘*A-ZÀ-Þ])")

_END_OF_TURN = re.compile(
    r"<\|(?:im_end|end|return|call|eot_id|eom_id|eot|end_?of_?text|end_of_turn|user|human|end▁of▁sentence)\|>"
    r"|<\|(?:im_start|start|start_header_id)\|>\s*(?:user|system|tool|human)\b"
    r"|</s>|<end_of_turn>|<turn\|>|<eos>",
    re.IGNORECASE,
)
_START_OF_TURN = re.compile(
    r"<\|(?:im_start|start|start_header_id)\|>\s*(?:assistant|model|ai)?\s*(?:<\|(?:end_header_id|im_sep|message)\|>)?"
    r"|<start_of_turn>\s*(?:model)?|<\|turn>\s*(?:model)?|<s>|<bos>|<pad>|<unk>|\[/?INST\]|<\|[^<>|]{0,60}\|>",
    re.IGNORECASE,
)
_CUT_TOKEN = re.compile(r"(?:<[|/!a-z][^<>]*|\[/?[A-Z]{1,9})\Z", re.IGNORECASE)
_WRAPPED = re.compile(
    r"<(answer|response|final(?:_answer)?|output|explanation|solution)>(.*?)(?:</\1>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_MARKUP = re.compile(r"<[/!?]?[a-z][^<>]*>", re.IGNORECASE)

_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|welcome|good|hallo|guten|liebe|bonjour|salut|hola|buen)", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"""(?:[.!?…؟।]+["'”’»)\]]*(?=\s|\Z)|[。！？]+[”’」』）]*)""")
# What a full stop may follow without ending a sentence: a digit, an initial, an abbreviation.
_ABBREVIATED = re.compile(
    r"(?:\d|(?<!\w)(?:\w|mrs?|ms|dr|prof|st|nr|no|vs|etc|incl|inkl|approx|ca|bzw|usw|max|min|e\.g|i\.e|z\.\s?B"
    r"|d\.\s?h|u\.\s?a|p\.\s?ex))\.\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered.

    text:         what a shopper may see, whole sentences; "" if there is nothing
    is_cut:       whether the limit of tokens ended it
    has_thoughts: whether the model thought before it answered
    """

    text: str
    is_cut: bool
    has_thoughts: bool


def answer_in(completion: Any) -> Answer:
    """Return the answer of a chat completion. Raises ChatUnavailable if it holds none, or none for readers.

    completion: decoded JSON
    """
    match completion:
        case {
            "choices": [{"message": {"content": str() | list() | None as content} as message} as choice, *_]
        }:
            finish = str(choice.get("finish_reason") or "").strip().lower()
        case _:
            raise ChatUnavailable("an answer that is not a chat completion", "garbage")
    if finish in _WITHHELD or message.get("refusal"):
        raise ChatUnavailable(f"the model refuses ({finish or 'refusal'})", "refused")
    if finish in _TOOLS or message.get("tool_calls") or message.get("function_call"):
        raise ChatUnavailable("the model calls a tool instead of answering", "garbage")
    is_cut = finish not in _ENDED
    whole = "".join(_text_parts(content))
    if len(whole) > MOST_WITH_THOUGHTS:
        raise ChatUnavailable(f"an answer of more than {MOST_WITH_THOUGHTS:,} characters", "garbage")
    text, has_marks = visible_text(whole)
    has_thoughts = has_marks or _thought_aside(message) or _n_thought_tokens(completion) > 0
    if not (text or is_cut or has_thoughts):
        what = "an answer that is not a chat completion" if content is None else "an empty answer"
        raise ChatUnavailable(what, "garbage")
    if len(text) > MOST_CHARACTERS:
        raise ChatUnavailable(f"an answer of more than {MOST_CHARACTERS:,} characters", "garbage")
    if _MARKUP.search(text):
        raise ChatUnavailable("an answer with markup", "garbage")
    if "\ufffd" in text:
        raise ChatUnavailable("an answer with damaged characters", "garbage")
    return Answer(whole_sentences(text) if is_cut else text, is_cut, has_thoughts)


def visible_text(content: str) -> tuple[str, bool]:
    """Return the part of a message that is for its reader, stripped, and whether it held thoughts."""
    text = _ESCAPED_TAG.sub(r"<\1>", content.translate(_AS_ASCII))
    text = "".join(char for char in text if char == "\n" or _is_printable(char))
    text, has_channels = _final_channel(text)
    text, has_thoughts = _without_thoughts(text)
    text = next((turn for turn in map(_without_tokens, _END_OF_TURN.split(text)) if turn), "")
    if wrapped := _WRAPPED.search(text):
        text = wrapped[2].strip()
    return text, has_channels or has_thoughts


def whole_sentences(text: str) -> str:
    """Return the text up to the end of its last whole sentence; "" if that is none, or a greeting only."""
    ends = [
        found.end()
        for found in _SENTENCE_END.finditer(text)
        if not (found[0] == "." and _ABBREVIATED.search(text[max(0, found.end() - 12) : found.end()]))
    ]
    if not ends:
        return ""
    tail = text[ends[-1] :]
    whole = text if not any(char.isalnum() for char in tail) else text[: ends[-1]]
    is_short = len(ends) == 1 and len(whole.split()) <= GREETING_WORDS
    is_greeting = is_short and (whole.rstrip()[-1] in "!！" or _GREETING.match(whole))
    return "" if is_greeting else whole.strip()


def _text_parts(content: str | list[Any] | None) -> Iterator[str]:
    match content:
        case str():
            yield content
        case list():
            for part in content:
                match part:
                    case str():
                        yield part
                    case {"type": "text" | "output_text", "text": str(text)}:
                        yield text


def _thought_aside(message: dict[str, Any]) -> bool:
    """Return whether the message has thoughts beside its content, which are never read."""
    fields = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks")
    is_part = any(
        isinstance(part, dict) and part.get("type") in ("thinking", "reasoning", "redacted_thinking")
        for part in (message["content"] if isinstance(message["content"], list) else ())
    )
    return is_part or any(bool(message.get(name)) for name in fields)


def _n_thought_tokens(completion: dict[str, Any]) -> int:
    match completion.get("usage"):
        case {"completion_tokens_details": {"reasoning_tokens": int(n)}} | {"reasoning_tokens": int(n)}:
            return n
    return 0


def _final_channel(text: str) -> tuple[str, bool]:
    """Return the final channel of a message in the harmony format, and whether it is in that format."""
    if _HEADLESS.match(text):
        text = f"<|channel|>{text.lstrip()}"
    if "<|channel|>" in text.lower():
        messages = _CHANNEL.finditer(text)
        return "".join(found["text"] for found in messages if found["name"].lower() == "final"), True
    if "assistantfinal" in text:
        return text.rpartition("assistantfinal")[2], True
    if _BARE_CHANNEL.match(text):
        return "", True
    return _BARE_FINAL.sub("", text, count=1) if _BARE_FINAL.match(text) else text, False


def _without_thoughts(text: str) -> tuple[str, bool]:
    """Return the text outside of all thoughts, and whether there were any.

    What precedes a closing tag without an opening one is a thought: the opening one was in the prompt. So is
    what follows an opening tag that nothing closes.
    """
    text, n_fenced = _FENCED_THOUGHT.subn("", text)
    pieces: list[str] = []
    depth = begin = 0
    marks = list(_MARK.finditer(text))
    for mark in marks:
        if mark.lastgroup == "close":
            if depth == 0:
                pieces.clear()
            depth, begin = max(depth - 1, 0), mark.end()
        elif depth == 0:
            pieces.append(text[begin : mark.start()])
            begin = mark.end()
        depth += mark.lastgroup == "open"
    if depth == 0:
        pieces.append(text[begin:])
    if not (marks or n_fenced):
        return text, False
    return re.sub(r"[ \t]{2,}", " ", "".join(pieces)), True


def _without_tokens(turn: str) -> str:
    return _CUT_TOKEN.sub("", _START_OF_TURN.sub("", turn)).strip()


def _is_printable(char: str) -> bool:
    """Return False for control characters and surrogates, which databases and JSON reject."""
    return unicodedata.category(char) not in {"Cc", "Cs"}


def decoded(body: bytes) -> Any:
    """Return the JSON of an answer. Raises ChatUnavailable."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ChatUnavailable("an answer that is not JSON", "garbage") from None
