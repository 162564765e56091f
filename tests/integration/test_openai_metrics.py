"""What is counted of a chat model: calls and how they ended, tokens, cost."""

import json

import pytest

from observe import metrics
from tests.chat import GIVEN, SHORT, OverHTTP, explainer_for
from tests.llm_server import LLMServer, Reply, completion, drips_body, fails, hangs_up, says, sends

pytestmark = pytest.mark.usefixtures("counted_anew")


def took(prompt: object, completion_tokens: object) -> Reply:
    answer = json.loads(completion("Enjoy!"))
    answer["usage"] = {"prompt_tokens": prompt, "completion_tokens": completion_tokens}
    return sends(json.dumps(answer).encode())


def reported(name: str) -> dict[str, float]:
    """Return the samples of that name, by the values of their labels."""
    families = metrics.recorder.families(0)
    return {
        " ".join(sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and sample.value
    }


class TestMetrics(OverHTTP):
    @pytest.mark.parametrize(
        ("reply", "outcome"),
        [
            (says("Hello."), "written"),
            (fails(401), "HTTP 401"),
            (fails(429, retry_after="3600"), "HTTP 429"),
            (sends(b"no"), "garbage"),
            (says(""), "garbage"),
        ],
    )
    def test_counts_how_a_call_ended(self, server: LLMServer, reply: Reply, outcome: str):
        server.replies.append(reply)

        explainer_for(server.url).explain(GIVEN)

        assert reported("shop_llm_calls_total") == {outcome: 1}
        assert reported("shop_llm_seconds_count") == {"": 1}

    def test_counts_what_never_came(self, server: LLMServer):
        server.replies.append(drips_body)
        explainer_for(server.url, timeout_seconds=SHORT).explain(GIVEN)
        server.replies.extend([hangs_up, hangs_up])
        explainer_for(server.url).explain(GIVEN)
        explainer_for(server.url, api_key="").explain(GIVEN)

        assert reported("shop_llm_calls_total") == {"time-out": 1, "no connection": 1, "no key": 1}

    def test_counts_tokens_and_their_cost(self, server: LLMServer):
        server.replies.extend([took(300, 50), took(100, 50)])
        explainer = explainer_for(server.url, prompt_price=0.5, completion_price=2)

        explainer.explain(GIVEN)
        explainer.explain(GIVEN)

        assert reported("shop_llm_tokens_total") == {"prompt": 400, "completion": 100}
        assert reported("shop_llm_cost_total") == {"": pytest.approx(400e-6)}

    @pytest.mark.parametrize("usage", [(-1, 5), ("300", 5), (None, 5), (1e300, 5), (10**18, 5)])
    def test_believes_no_nonsense(self, server: LLMServer, usage: tuple[object, object]):
        server.replies.append(took(*usage))

        assert explainer_for(server.url).explain(GIVEN).text == "Enjoy!"

        assert reported("shop_llm_tokens_total") == {}
