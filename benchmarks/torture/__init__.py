"""What becomes of jobs when workers and servers are killed: `python -m benchmarks.torture sqlite`, and `engine`."""
