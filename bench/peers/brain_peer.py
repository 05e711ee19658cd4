"""Brain (logparser3) on a list of messages, for the bench: run by the peers' own interpreter.

    python brain_peer.py generic MESSAGES.json GROUPS.json

One configuration for every set: addresses, hexadecimal numbers and plain numbers masked, no delimiters, threshold 5. Its published
figures use another configuration for each set. Writes the group of each message and the CPU seconds of the parsing, files read and
written apart from it.
"""

import contextlib
import io
import json
import resource
import sys
import tempfile
from pathlib import Path

from logparser.Brain import LogParser

MASKS = [r"(/|)([0-9]+\.){3}[0-9]+(:[0-9]+|)(:|)", r"\b0x[0-9a-fA-F]+\b", r"\b\d+\b"]
THRESHOLD = 5


class Collected(LogParser):
    """Messages in, groups out; the parser itself only knows files."""

    def load_data(self):
        import pandas as pd

        self.df_log = pd.DataFrame({"Content": self.messages})

    def generateresult(self, template_set, sentences):
        self.groups = [0] * len(sentences)
        for number, lines in enumerate(template_set.values()):
            for line in lines:
                self.groups[line] = number


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    _, source, target = sys.argv[1:]
    messages = json.loads(Path(source).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        parser = Collected("bench", "<Content>", folder, folder, threshold=THRESHOLD, delimeter=[], rex=MASKS)
        parser.messages = messages
        started = cpu()
        parser.parse("bench")
        taken = cpu() - started
    Path(target).write_text(json.dumps({"groups": parser.groups, "cpu_s": taken}), encoding="utf-8")


if __name__ == "__main__":
    main()
