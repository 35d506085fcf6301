"""Measurements, each as a ratio within one run or as a rate over minutes; nothing here asserts a wall time."""
