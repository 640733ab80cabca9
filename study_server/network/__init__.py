"""How both applications meet the network: whole requests only, in a bounded time."""
