"""Benchmarks (doors.md §4): figures of this machine, medians of several runs, in a scratch database."""
