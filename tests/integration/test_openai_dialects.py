"""The chat model's explainer with servers of six kinds, with unchanged settings."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from recommendations.explainers import chat_options
from recommendations.explainers.base import Source
from recommendations.explainers.openai import OpenAIExplainer
from tests.chat import GIVEN, KEY, TEMPLATE, OverHTTP, explainer_for, warnings
from tests.contracts.explainer import ExplainerContract
from tests.llm_dialects import DIALECTS, TEXT, deepseek, openai_2023, openai_2026, speaks
from tests.llm_server import LLMServer, Reply, completion, fails, says, sends


def refuses(message: str, status: int = 400, **more: Any) -> Reply:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None} | more
    return sends(json.dumps({"error": error}).encode(), status)


def parameters(server: LLMServer) -> list[dict[str, Any]]:
    """Return the parameters of each request besides the messages."""
    return [
        {key: value for key, value in each.body.items() if key != "messages"} for each in server.questions
    ]


@pytest.mark.parametrize("dialect", DIALECTS)
class TestDialect(OverHTTP, ExplainerContract):
    source = Source.OPENAI

    @pytest.fixture
    def explainer(self, server: LLMServer, dialect: str) -> OpenAIExplainer:
        answer, model = DIALECTS[dialect]
        server.otherwise = speaks(answer)
        return explainer_for(server.url, model=model)

    def test_gives_the_text_alone_and_asks_once_when_it_is_known(
        self, server: LLMServer, explainer: OpenAIExplainer, log
    ):
        assert [explainer.explain(GIVEN).text for _ in range(3)] == [TEXT] * 3
        server.questions.clear()

        assert explainer_for(server.url, model=explainer._options.model).explain(GIVEN).text == TEXT
        assert len(server.questions) == 1
        assert warnings(log) == []

    def test_asks_the_next_model_when_the_server_lacks_the_first(
        self, server: LLMServer, explainer: OpenAIExplainer, dialect: str
    ):
        _, model = DIALECTS[dialect]

        explained = explainer_for(server.url, model=f"gone-1, {model}").explain(GIVEN)

        assert explained.text == TEXT
        assert server.questions[-1].body["model"] == ("gone-1" if dialect == "llama.cpp" else model)


class TestReasoningModel(OverHTTP):
    def test_is_asked_with_one_change_after_each_refusal(self, server: LLMServer):
        server.otherwise = speaks(openai_2026)

        assert explainer_for(server.url, model="o").explain(GIVEN).text == TEXT

        limit = {"max_completion_tokens": 150}
        assert parameters(server)[:3] == [
            {"model": "o", "temperature": 0.7, "max_tokens": 150},
            {"model": "o", "temperature": 0.7} | limit,
            {"model": "o"} | limit,
        ]
        assert parameters(server)[-1]["reasoning_effort"] == "minimal"

    def test_thinks_as_much_as_the_setting_says(self, server: LLMServer):
        server.otherwise = speaks(openai_2026)

        explainer_for(server.url, model="o", reasoning_effort="low").explain(GIVEN)

        assert {each.get("reasoning_effort") for each in parameters(server)} == {"low"}

    def test_gets_tokens_for_its_thoughts(self, server: LLMServer):
        server.otherwise = speaks(deepseek)

        assert explainer_for(server.url, model="deepseek-reasoner").explain(GIVEN).text == TEXT

        assert [each["max_tokens"] for each in parameters(server)] == [150, 1150, 1150]

    def test_that_thinks_without_end_is_not_asked_for_ever(self, server: LLMServer, log):
        server.otherwise = says("", "length")

        assert explainer_for(server.url).explain(GIVEN) == TEMPLATE

        assert [each["max_tokens"] for each in parameters(server)] == [150, 1150, 4150, 16150]
        assert "an answer that ends before its first sentence" in warnings(log)[0]

    def test_that_fails_when_it_is_asked_to_think_less_is_not_asked_again(self, server: LLMServer):
        server.replies.append(says("For you.", reasoning="Let me see."))
        server.replies.extend([fails(500, retry_after_ms="1")] * 2)
        server.otherwise = says("For you.", reasoning="Let me see.")

        assert [explainer_for(server.url).explain(GIVEN).text for _ in range(3)] == ["For you."] * 3

        assert "reasoning_effort" in parameters(server)[2]
        assert not [each for each in parameters(server)[3:] if "reasoning_effort" in each]

    def test_is_not_taken_for_one_that_does_not_think(self, server: LLMServer):
        server.otherwise = speaks(openai_2023)

        for _ in range(2):
            explainer_for(server.url).explain(GIVEN)

        assert not [each for each in parameters(server) if "reasoning_effort" in each]


class TestRefusedParameter(OverHTTP):
    @pytest.mark.parametrize(
        ("refusal", "changed"),
        [
            (
                refuses("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
                {"temperature": 0.7, "max_completion_tokens": 150},
            ),
            (refuses("no", param="max_tokens"), {"temperature": 0.7, "max_completion_tokens": 150}),
            (
                refuses("`temperature` and `top_p` cannot both be specified for this model."),
                {"max_tokens": 150},
            ),
            (refuses("Temperature is deprecated for this model."), {"max_tokens": 150}),
            (
                sends(
                    b'{"detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "no"}]}',
                    422,
                ),
                {"max_tokens": 150},
            ),
            (
                sends(
                    b'{"message": {"detail": [{"loc": ["body", "max_tokens"], "msg": "no"}]}}',
                    422,
                ),
                {"temperature": 0.7, "max_completion_tokens": 150},
            ),
            (
                sends(b'{"error": "temperature must be strictly positive", "error_type": "validation"}', 422),
                {"max_tokens": 150},
            ),
            (
                refuses("max_tokens is too large: 150. This model supports at most 100 completion tokens."),
                {"temperature": 0.7},
            ),
            (
                refuses("Could not finish the message because max_tokens or model output limit was reached."),
                {"temperature": 0.7, "max_tokens": 1150},
            ),
            (
                sends(b'{"error": {"message": "unknown parameter: temperature", "code": 400}}', 200),
                {"max_tokens": 150},
            ),
        ],
        ids=lambda value: None if isinstance(value, dict) else "",
    )
    def test_is_changed_alone(self, server: LLMServer, refusal: Reply, changed: dict[str, Any], log):
        server.replies.append(refusal)

        assert explainer_for(server.url).explain(GIVEN).source is Source.OPENAI

        assert parameters(server)[1:] == [{"model": "gpt-3.5-turbo"} | changed]
        assert warnings(log) == []

    @pytest.mark.parametrize(
        "words",
        [
            "This model's maximum context length is 4097 tokens. However, you requested 4150 tokens.",
            "'max_tokens' is too large: 150. This model's maximum context length is 2048 tokens.",
            "Your request was rejected by the content policy.",
            "",
        ],
    )
    def test_is_not_guessed(self, server: LLMServer, words: str):
        server.otherwise = refuses(words)

        assert explainer_for(server.url).explain(GIVEN) == TEMPLATE

        assert len(server.questions) == 1

    def test_ends_when_the_server_refuses_everything(self, server: LLMServer):
        server.otherwise = refuses("max_tokens, max_completion_tokens, temperature and reasoning_effort: no")

        assert explainer_for(server.url, reasoning_effort="low").explain(GIVEN) == TEMPLATE

        assert parameters(server)[-1] == {"model": "gpt-3.5-turbo"}
        assert len(server.questions) == 5

    def test_costs_no_more_than_the_deadline(self, server: LLMServer):
        server.replies.append(refuses("no", param="temperature"))
        server.otherwise = lambda handler: handler.server.closing.wait()

        assert explainer_for(server.url, timeout_seconds=0.5).explain(GIVEN) == TEMPLATE

    def test_moves_the_system_message_where_there_may_be_none(self, server: LLMServer):
        words = "Unsupported value: 'messages[0].role' does not support 'system' with this model."
        server.replies.append(refuses(words, param="messages[0].role", code="unsupported_value"))

        explainer_for(server.url).explain(GIVEN)

        assert [message["role"] for message in server.questions[1].body["messages"]] == ["user"]


class TestModels(OverHTTP):
    @pytest.mark.parametrize(
        "gone",
        [
            refuses(
                "The model `a` does not exist or you do not have access to it.", 404, code="model_not_found"
            ),
            refuses("Project `p` does not have access to model `a`", 403, code="model_not_found"),
            refuses("The model `a` has been decommissioned and is no longer supported.", 400),
            refuses("Invalid model: a", 400),
            refuses("model 'a' not found, try pulling it first", 404),
            refuses("The API deployment for this resource does not exist.", 404, code="DeploymentNotFound"),
            sends(b"", 410),
        ],
        ids=["OpenAI", "project", "Groq", "Mistral", "Ollama", "Azure", "410"],
    )
    def test_that_is_gone_is_followed_by_the_next(self, server: LLMServer, gone: Reply, log):
        server.replies.append(gone)
        explainer = explainer_for(server.url, model="a,b")

        assert [explainer.explain(GIVEN).source for _ in range(2)] == [Source.OPENAI] * 2

        assert [question.body["model"] for question in server.questions] == ["a", "b", "b"]
        assert ["does not have the model a" in line for line in warnings(log)] == [True]

    @pytest.mark.parametrize("reply", [fails(401), fails(404), sends(b"<h1>Not Found</h1>", 404)])
    def test_is_not_left_for_what_is_not_its_fault(self, server: LLMServer, reply: Reply):
        server.otherwise = reply

        assert explainer_for(server.url, model="a,b").explain(GIVEN) == TEMPLATE

        assert {question.body["model"] for question in server.questions} == {"a"}

    def test_are_all_asked_again_when_all_are_gone(self, server: LLMServer):
        server.otherwise = refuses("no", 404, code="model_not_found")
        explainer = explainer_for(server.url, model="a,b")
        explainer.explain(GIVEN)
        server.otherwise = says("Back.")

        assert explainer.explain(GIVEN).text == "Back."


class TestAddressWithQuery(OverHTTP):
    def test_is_repeated_with_each_request(self, server: LLMServer, log):
        explainer = explainer_for(f"{server.url}/?api-version=2024-10-21&code=hidden-12345")

        assert explainer.explain(GIVEN).source is Source.OPENAI

        [question] = server.questions
        assert question.path == "/v1/chat/completions?api-version=2024-10-21&code=hidden-12345"
        assert "hidden" not in explainer.identity + repr(vars(explainer))

    def test_of_azure_gets_the_key_in_its_own_header(self, server: LLMServer, monkeypatch):
        monkeypatch.setattr(chat_options, "AZURE", re.compile("127.0.0.1"))
        base = server.url.removesuffix("/v1")

        explainer_for(f"{base}/openai/deployments/mini?api-version=2024-10-21").explain(GIVEN)

        [question] = server.questions
        assert question.path == "/openai/deployments/mini/chat/completions?api-version=2024-10-21"
        assert (question.headers["api-key"], "authorization" in question.headers) == (KEY, False)

    def test_does_not_show_its_values_though_the_server_does(self, server: LLMServer, log):
        server.otherwise = refuses("Not found: /v1/chat/completions?code=hidden-12345", 404)

        explainer_for(f"{server.url}?code=hidden-12345").explain(GIVEN)

        assert (
            'HTTP 404 (wrong address or model), code invalid_request_error, "Not found: ' in warnings(log)[0]
        )
        assert "hidden" not in warnings(log)[0]


class TestLog(OverHTTP):
    @pytest.mark.parametrize(
        "quoted",
        [KEY, f"{KEY[:8]}***********{KEY[-4:]}", f"Bearer {KEY}", f"{KEY[:12]}...{KEY[-4:]}", f'"{KEY}"'],
    )
    def test_says_code_param_and_first_words_without_the_key(self, server: LLMServer, log, quoted: str):
        server.otherwise = refuses(
            f"Incorrect API key provided: {quoted}. You can find yours in your account.\n" + "x " * 200,
            401,
            code="invalid_api_key",
            param="authorization",
        )

        explainer_for(server.url).explain(GIVEN)

        [line] = warnings(log)
        assert 'code invalid_api_key, param authorization, "Incorrect API key provided: ' in line
        assert KEY[:8] not in line
        assert KEY[-4:] not in line
        assert len(line) < 330

    def test_does_not_repeat_the_prompt(self, server: LLMServer, log):
        server.otherwise = lambda handler: refuses(
            f"Rejected: {handler.question.body['messages'][1]['content']}", 400
        )(handler)

        explainer_for(server.url).explain(GIVEN)

        assert "Alice" not in warnings(log)[0]
        assert "Rejected" in warnings(log)[0]


CASES = Path(__file__).parents[1] / "data" / "llm"


class TestAnswersOfShops(OverHTTP):
    def test_has_no_thoughts(self, server: LLMServer):
        server.otherwise = sends((CASES / "think_answer.json").read_bytes())

        assert explainer_for(server.url).explain(GIVEN).text == "Hi Alice! These earbuds suit your speaker."

    def test_has_no_half_sentence(self, server: LLMServer):
        server.otherwise = sends((CASES / "cut_answer.json").read_bytes())

        assert explainer_for(server.url).explain(GIVEN) == TEMPLATE

    def test_is_cut_after_its_last_whole_sentence(self, server: LLMServer):
        server.otherwise = says("Hi Alice! These suit you. And the lamp wh", "length")

        assert explainer_for(server.url).explain(GIVEN).text == "Hi Alice! These suit you."

    @pytest.mark.parametrize(
        "body",
        [
            completion("I cannot.", "content_filter"),
            completion(None, refusal="I can't help with that."),
            completion("Let me look.", "tool_calls", tool_calls=[{"id": "1"}]),
            b'{"choices": null}',
            b'data: {"choices": [{"delta": {"content": "Hi"}}]}\n\ndata: [DONE]\n\n',
            completion("For you\ufffd"),
            completion("<b>Hi</b> there, see <a href=x>this</a>."),
            '{"choices": [{"message": {"content": "Für dich"}}]}'.encode("latin-1"),
        ],
        ids=["filter", "refusal", "tools", "null", "SSE", "damaged", "markup", "latin-1"],
    )
    def test_is_the_template_where_there_is_none(self, server: LLMServer, body: bytes):
        server.otherwise = sends(body)

        assert explainer_for(server.url).explain(GIVEN) == TEMPLATE
