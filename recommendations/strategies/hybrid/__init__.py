"""The hybrid strategy: several retrievers propose products, a learned ranking model orders them."""

from recommendations.strategies.hybrid.strategy import SCALE, Hybrid, HybridModel, HybridRetriever

__all__ = ["SCALE", "Hybrid", "HybridModel", "HybridRetriever"]
