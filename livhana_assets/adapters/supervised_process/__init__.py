"""One command under supervision: bounded in time, memory, processes, disk, output and report; nothing of it outlives `supervise`."""

from livhana_assets.adapters.supervised_process.running import Launch, Pipes, supervise

__all__ = ["Launch", "Pipes", "supervise"]
