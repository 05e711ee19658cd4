"""The `Sandbox` that confines: bubblewrap, a seccomp filter, limits and a watchdog, proved by canaries before the first command."""

from livhana_assets.adapters.bubblewrap_sandbox.sandbox import BubblewrapSandbox

__all__ = ["BubblewrapSandbox"]
