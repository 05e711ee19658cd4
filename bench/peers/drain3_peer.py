"""drain3 on a list of messages, for the bench: run by the peers' own interpreter.

    python drain3_peer.py default|masks MESSAGES.json GROUPS.json

`masks` are those that drain3's README proposes. Writes the group of each message and the CPU seconds of the parsing alone.
"""

import json
import logging
import resource
import sys
from pathlib import Path

from drain3 import TemplateMiner
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig

README_MASKS = (
    (r"((?<=[^A-Za-z0-9])|^)(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))((?=[^A-Za-z0-9])|$)", "ID"),
    (r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})((?=[^A-Za-z0-9])|$)", "IP"),
    (r"((?<=[^A-Za-z0-9])|^)([0-9a-f]{6,} ?){3,}((?=[^A-Za-z0-9])|$)", "SEQ"),
    (r"((?<=[^A-Za-z0-9])|^)([0-9A-F]{4} ?){4,}((?=[^A-Za-z0-9])|$)", "SEQ"),
    (r"((?<=[^A-Za-z0-9])|^)(0x[a-f0-9A-F]+)((?=[^A-Za-z0-9])|$)", "HEX"),
    (r"((?<=[^A-Za-z0-9])|^)([\-\+]?\d+)((?=[^A-Za-z0-9])|$)", "NUM"),
    (r"(?<=executed cmd )(\".+?\")", "CMD"),
)


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    form, source, target = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    messages = json.loads(Path(source).read_text(encoding="utf-8"))
    settings = TemplateMinerConfig()
    settings.profiling_enabled = False
    if form == "masks":
        settings.masking_instructions = [MaskingInstruction(pattern, name) for pattern, name in README_MASKS]
    miner = TemplateMiner(config=settings)
    started = cpu()
    groups = [miner.add_log_message(message)["cluster_id"] for message in messages]
    taken = cpu() - started
    Path(target).write_text(json.dumps({"groups": groups, "cpu_s": taken}), encoding="utf-8")


if __name__ == "__main__":
    main()
