"""Tests of the grouping of messages."""
