"""Tests of the whole, and the measurements."""
