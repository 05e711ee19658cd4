"""The rooms, in flow order: sources → patterns → proposals → review → execution → outcomes ↺

Pure Python. A room reaches the world only through the ports of `ports.py` modules, and knows Dagster only in
`assets.py` and `partitions.py`. A later room may import an earlier one, never the reverse: the loop closes in the
warehouse, not in the import graph.
"""
