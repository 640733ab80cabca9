"""The requester protocol: requests read and checked, replies shaped."""
