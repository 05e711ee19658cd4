"""A loopback server that speaks enough of BigQuery's REST protocol for Google's own client; a test tool.

It shows that requests and answers fit. It cannot show what only BigQuery's own SQL engine does.
"""

from livhana_assets_tests.bigquery_server.server import open_bigquery_server

__all__ = ["open_bigquery_server"]
