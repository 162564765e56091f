"""What the query of a request for recommendations may hold."""

from rest_framework import serializers


class RecommendInput(serializers.Serializer[dict[str, int]]):
    top_n = serializers.IntegerField(
        min_value=1, max_value=100, default=5, help_text="How many products, 1 to 100."
    )
