"""How six kinds of chat servers answer: what they take, what they refuse and in which words."""

import json
from collections.abc import Callable
from typing import Any

from tests.llm_server import Handler, Reply, completion

TEXT = "Hi Alice! These suit what you like."
COMMON = {"model", "messages"}
Body = dict[str, Any]


def _openai(message: str, param: str | None, code: str | None, status: int = 400) -> tuple[int, Any]:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return status, {"error": error}


def _vllm(message: str, kind: str = "BadRequestError", status: int = 400) -> tuple[int, Any]:
    return status, {"object": "error", "message": message, "type": kind, "param": None, "code": status}


def openai_2023(body: Body) -> tuple[int, Any] | bytes:
    """gpt-3.5-turbo, as it was: it knows no parameters of later models."""
    if unknown := body.keys() - COMMON - {"max_tokens", "temperature"}:
        return _openai(f"Unrecognized request argument supplied: {min(unknown)}", None, None)
    if body["model"] != "gpt-3.5-turbo":
        return _openai(f"The model `{body['model']}` does not exist", None, "model_not_found", 404)
    return completion(TEXT, usage={"prompt_tokens": 300, "completion_tokens": 12, "total_tokens": 312})


def openai_2026(body: Body) -> tuple[int, Any] | bytes:
    """A reasoning model: no max_tokens, no temperature, and thoughts that are paid from the same tokens."""
    if body["model"] in ("gpt-3.5-turbo", "gone-1"):
        words = f"The model `{body['model']}` has been deprecated, learn more here: https://example.org/end"
        return _openai(words, None, "model_not_found", 404)
    if "max_tokens" in body:
        words = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead."
        )
        return _openai(words, "max_tokens", "unsupported_parameter")
    if body.get("temperature", 1) != 1:
        words = (
            "Unsupported value: 'temperature' does not support 0.7 with this model. "
            "Only the default (1) value is supported."
        )
        return _openai(words, "temperature", "unsupported_value")
    effort = body.get("reasoning_effort", "medium")
    thoughts = {"minimal": 0, "low": 64, "medium": 640, "high": 3000}
    if effort not in thoughts:
        words = (
            f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model. "
            "Supported values are: 'minimal', 'low', 'medium', and 'high'."
        )
        return _openai(words, "reasoning_effort", "unsupported_value")
    return _thinking(TEXT, thoughts[effort], body.get("max_completion_tokens", 100_000))


def _thinking(text: str, n_thoughts: int, limit: int, **message: Any) -> bytes:
    """Return the answer of a model that thinks first, within the limit of tokens."""
    n_used = min(limit, n_thoughts + 12)
    usage = {
        "prompt_tokens": 300,
        "completion_tokens": n_used,
        "completion_tokens_details": {"reasoning_tokens": min(limit, n_thoughts)},
    }
    is_cut = n_used < n_thoughts + 12
    return completion("" if is_cut else text, "length" if is_cut else "stop", usage, **message)


def vllm(body: Body) -> tuple[int, Any] | bytes:
    """A model with thoughts in its text, whose opening tag is in the prompt's template; no system role."""
    if body["model"] != "deepseek-ai/R1":
        return _vllm(f"The model `{body['model']}` does not exist.", "NotFoundError", 404)
    if any(message["role"] == "system" for message in body["messages"]):
        return _vllm("System role not supported")
    if (effort := body.get("reasoning_effort")) not in (None, "low", "medium", "high"):
        words = (
            "[{'type': 'literal_error', 'loc': ('body', 'reasoning_effort'), 'msg': "
            f"\"Input should be 'low', 'medium' or 'high'\", 'input': '{effort}'}}]"
        )
        return _vllm(words)
    return completion(f"Okay, the user wants lamps.\n</think>\n\n{TEXT}<|im_end|>")


def ollama(body: Body) -> tuple[int, Any] | bytes:
    """A local model with thoughts in a field of their own."""
    if body["model"] != "qwen3":
        error = {"message": f"model '{body['model']}' not found, try pulling it first", "type": "api_error"}
        return 404, {"error": error | {"param": None, "code": None}}
    return completion(TEXT, reasoning="" if body.get("reasoning_effort") == "none" else "Let me see.")


def llama_cpp(body: Body) -> tuple[int, Any] | bytes:
    """One model, whatever name is asked for, in OpenAI's harmony format, whose markup is not removed."""
    return completion(
        "<|channel|>analysis<|message|>The shopper likes audio.<|end|><|start|>assistant<|channel|>final"
        f"<|message|>{TEXT}<|return|>"
    )


def deepseek(body: Body) -> tuple[int, Any] | bytes:
    """A reasoning model that names no parameter in its errors, and puts thoughts beside the content."""
    if body["model"] != "deepseek-reasoner":
        return _openai("Model Not Exist", None, "invalid_request_error")
    if (effort := body.get("reasoning_effort")) not in (None, "low", "high"):
        words = (
            f"Failed to deserialize the JSON body into the target type: unknown variant `{effort}`, "
            "expected one of `low`, `high` at line 1 column 42"
        )
        return _openai(words, None, "invalid_request_error")
    n_thoughts = 60 if effort == "low" else 900
    return _thinking(TEXT, n_thoughts, body.get("max_tokens", 32_768), reasoning_content="Hmm, lamps.")


# Each dialect with a model that its server has.
DIALECTS: dict[str, tuple[Callable[[Body], tuple[int, Any] | bytes], str]] = {
    "OpenAI 2023": (openai_2023, "gpt-3.5-turbo"),
    "OpenAI 2026": (openai_2026, "gpt-5.4-mini"),
    "vLLM": (vllm, "deepseek-ai/R1"),
    "Ollama": (ollama, "qwen3"),
    "llama.cpp": (llama_cpp, "gpt-3.5-turbo"),
    "DeepSeek": (deepseek, "deepseek-reasoner"),
}


def speaks(dialect: Callable[[Body], tuple[int, Any] | bytes]) -> Reply:
    """Answer in this dialect."""

    def reply(handler: Handler) -> None:
        match dialect(handler.question.body):
            case bytes() as body:
                handler.answer(200, body)
            case status, error:
                handler.answer(status, json.dumps(error).encode())

    return reply
