"""Dagster's face of the patterns room: one module for each analysis."""

from livhana_assets.loop.patterns.assets.errors import error_fingerprints, error_patterns

__all__ = ["error_fingerprints", "error_patterns"]
