"""A loopback server that speaks enough of Anthropic's Messages API for the real SDK to talk to; a test tool.

It shows that requests are well formed, that limits hold and that every failure has an answer. It holds no model: its
replies are written for tests, and nothing here says how good a model's answers are.
"""

from livhana_assets_tests.claude_server.faults import FAULTS
from livhana_assets_tests.claude_server.replies import REPLIES, Reply, When, read_replies
from livhana_assets_tests.claude_server.schemas import an_instance_of, outside_the_bounds_of
from livhana_assets_tests.claude_server.server import open_claude_server
from livhana_assets_tests.claude_server.state import KEY, Call, ClaudeServer

__all__ = [
    "FAULTS",
    "KEY",
    "REPLIES",
    "Call",
    "ClaudeServer",
    "Reply",
    "When",
    "an_instance_of",
    "open_claude_server",
    "outside_the_bounds_of",
    "read_replies",
]
