"""A shard plan, and the engines that run it: here, in processes, on a cluster."""
