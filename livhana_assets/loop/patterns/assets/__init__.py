"""Dagster's face of the patterns room: one module for each analysis."""

from livhana_assets.loop.patterns.assets.code_quality import code_quality_patterns
from livhana_assets.loop.patterns.assets.errors import error_fingerprints, error_patterns
from livhana_assets.loop.patterns.assets.features import feature_patterns
from livhana_assets.loop.patterns.assets.interactions import interaction_clusters, interaction_patterns
from livhana_assets.loop.patterns.assets.performance import endpoint_days, endpoint_histograms, performance_patterns

__all__ = [
    "code_quality_patterns",
    "endpoint_days",
    "endpoint_histograms",
    "error_fingerprints",
    "error_patterns",
    "feature_patterns",
    "interaction_clusters",
    "interaction_patterns",
    "performance_patterns",
]
