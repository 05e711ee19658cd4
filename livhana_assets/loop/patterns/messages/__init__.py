"""Log messages grouped by what they say, not by the values in them.

`heads` is what counts of a message, collapsed where the data is; `words` tells data from words, one at a time; `templates` puts a
message together again without its data; `merging` looks at all distinct templates of a day and finds the places where only the
values differ; `variants` joins templates that differ in an optional or wrapped value.
"""
