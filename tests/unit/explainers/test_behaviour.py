"""Summary of a shopper's behaviour."""

from recommendations.explainers.behaviour import summary


class TestSummary:
    def test_joins_all_three_parts_by_one_space(self):
        output = summary(purchased=["X", "Y"], viewed=["A", "B", "C"], interests=["Audio", "Home"])

        assert output == "Recently purchased: X, Y. Recently viewed: A, B, C. Interested in: Audio, Home."

    def test_leaves_out_parts_without_content(self):
        assert summary(purchased=[], viewed=["A"], interests=[]) == "Recently viewed: A."

    def test_has_a_sentence_for_nobodys_history(self):
        assert summary(purchased=[], viewed=[], interests=[]) == "No interactions yet."
