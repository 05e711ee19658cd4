"""Parts of `bench/log_grouping.py`: labelled sets and their scores, seeded lines for the speed, and how the result is shown."""
