"""Validation of the options of a chat model."""

from typing import Any

import pytest

from tests.chat import KEY, explainer_for


class TestChatOptions:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("api_key", "sk-secret value"),
            ("api_key", "sk-secret\n"),
            ("api_key", None),
            ("second_api_key", "sk-secret\n"),
            ("base_url", "api.openai.com/v1"),
            ("base_url", "ftp://api.openai.com"),
            ("base_url", "http://"),
            ("base_url", "http://[::1"),
            ("base_url", "http://me:secret@host/v1"),
            ("base_url", None),
            ("base_url", "https://host/v1#part"),
            ("base_url", "https://host/v1/chat/completions?code=secret"),
            ("base_url", "https://shop.openai.azure.com"),
            ("base_url", "https://shop.services.ai.azure.com/models?api-version=2024-05-01"),
            (
                "base_url",
                "https://shop.openai.azure.com/openai/deployments/mini/chat/completions?api-version=1",
            ),
            ("base_url", "https://shop.openai.azure.com/openai/deployments/mini?code=secret"),
            ("model", " "),
            ("model", ","),
            ("model", "a\nb"),
            ("reasoning_effort", "very low"),
            ("rest_seconds", -1),
            ("temperature", 2.1),
            ("temperature", "warm"),
            ("max_tokens", 0),
            ("max_tokens", 1.5),
            ("timeout_seconds", 0),
            ("timeout_seconds", float("nan")),
            ("timeout_seconds", 601),
            ("max_concurrent", True),
        ],
    )
    def test_names_what_cannot_be_right_without_showing_a_secret(self, name: str, value: Any):
        with pytest.raises(ValueError, match=f"^{name} must be") as caught:
            explainer_for(**{"url": "http://127.0.0.1", name: value})

        assert "secret" not in str(caught.value)

    def test_names_an_option_that_does_not_exist(self):
        with pytest.raises(TypeError, match="mood"):
            explainer_for("http://127.0.0.1", mood="merry")

    def test_does_not_show_its_key(self):
        assert KEY not in repr(vars(explainer_for("http://127.0.0.1")))

    @pytest.mark.parametrize(
        "address",
        [
            "https://shop.openai.azure.com/openai/v1",
            "https://shop.openai.azure.com/openai/deployments/mini?api-version=2024-10-21",
            "https://shop.westeurope.cloudapp.azure.com/v1",
            "https://generativelanguage.googleapis.com/v1beta/openai/",
            "http://127.0.0.1:8080/v1?key=a",
        ],
    )
    def test_takes_addresses_of_many_servers(self, address: str):
        assert explainer_for(address)

    def test_lists_its_models_once_each(self):
        assert explainer_for("http://127.0.0.1", model=" a, b,a,, c")._options.models == ("a", "b", "c")
