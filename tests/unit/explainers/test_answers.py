"""What a shopper sees of a model's message: no thoughts, no tokens, whole sentences."""

import pytest

from recommendations.explainers.answers import answer_in, visible_text, whole_sentences


class TestVisibleText:
    @pytest.mark.parametrize(
        "message",
        [
            "<think>\nThey like lamps.\n</think>\n\nFor you.",
            "They like lamps.\n</think>\nFor you.",
            "<THINK>a<think>b</think>c</THINK> For you.",
            "<think>a</think>b</think>For you.",
            "<thinking>a</thinking>For you.",
            "<reasoning effort='low'>a</reasoning>For you.",
            "<thought>a</thought>For you.",
            "<mm:think>a</mm:think>For you.",
            "a<//think>For you.",
            "&lt;think&gt;a&lt;/think&gt;For you.",
            "<t\u200bhink>a</think>For you.",
            "[THINK]a[/THINK]For you.",
            "◁think▷a◁/think▷For you.",
            "<|begin_of_thought|>a<|end_of_thought|><|begin_of_solution|>For you.<|end_of_solution|>",
            "<|START_THINKING|>a<|END_THINKING|>For you.",
            "<|channel>thought\na<channel|>For you.<turn|>",
            "```thinking\na\n```\nFor you.",
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>For you."
            "<|return|>",
            "analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>For you.",
            "<|channel|>commentary to=functions.f<|constrain|>json<|message|>{}<|call|>"
            "<|channel|>final<|message|>For you.",
            "analysisThey like lamps.assistantfinalFor you.",
            "For you. <think>Was that",
            "For you. <thin",
            "For you.<|im_end|>\n<|im_start|>user\nAnd now?",
            "<|im_start|>assistant\nFor you.<|im_e",
            "<|start_header_id|>assistant<|end_header_id|>\n\nFor you.<|eot_id|>",
            "For you.<｜end▁of▁sentence｜>",
            "For you.</s>",
            "<answer>For you.</answer>",
        ],
    )
    def test_is_what_is_for_the_reader(self, message: str):
        assert visible_text(message)[0] == "For you."

    @pytest.mark.parametrize(
        "message",
        [
            "<think>They like",
            "<think>a<think>b</think>They like lamps.",
            "<|channel|>analysis<|message|>They like lamps.",
            "<|channel|>final<|mess",
            "analysisThey like lamps.",
            "</think>",
        ],
    )
    def test_is_nothing_where_there_are_thoughts_only(self, message: str):
        assert visible_text(message) == ("", True)

    @pytest.mark.parametrize("message", ["We <3 you, Anna.", "Under 10 > 5 [sale]!", "A final analysis."])
    def test_leaves_other_signs(self, message: str):
        assert visible_text(message) == (message, False)


class TestWholeSentences:
    @pytest.mark.parametrize(
        ("text", "whole"),
        [
            ("Hi Anna! These suit you. And the la", "Hi Anna! These suit you."),
            ("These suit you (as you said!). And", "These suit you (as you said!)."),
            ("One fine lamp for you! 🎧", "One fine lamp for you! 🎧"),
            ("お勧めです。これは", "お勧めです。"),
            ("Hi Anna! Since you", ""),
            ("Hello dear Anna. Since you", ""),
            ("These suit you. It costs 19.", "These suit you."),
            ("These suit you. Take e.g. this", "These suit you."),
            ("Since you", ""),
        ],
    )
    def test_end_where_the_last_one_ends(self, text: str, whole: str):
        assert whole_sentences(text) == whole


class TestAnswer:
    def test_is_made_of_text_parts_only(self):
        parts = [
            {"type": "thinking", "thinking": [{"type": "text", "text": "They like lamps."}]},
            {"type": "text", "text": "Hi Anna! "},
            {"type": "image_url", "image_url": {"url": "https://example.org"}},
            {"type": "text", "text": "For you."},
        ]

        found = answer_in({"choices": [{"finish_reason": "stop", "message": {"content": parts}}]})

        assert (found.text, found.has_thoughts) == ("Hi Anna! For you.", True)

    @pytest.mark.parametrize(
        "reason", ["length", "max_tokens", "MAX_TOKENS", "model_length", "something new"]
    )
    def test_is_cut_where_the_server_says_that_it_did_not_end(self, reason: str):
        message = {"content": "For you alone. And"}

        assert (
            answer_in({"choices": [{"finish_reason": reason, "message": message}]}).text == "For you alone."
        )
