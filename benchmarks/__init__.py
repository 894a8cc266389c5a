"""Measurements, each a ratio against a peer in the same run. See README.md in this folder."""
