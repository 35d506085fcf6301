"""The scenarios are played in modules beside the tests; what they assert is to be explained as in a test."""

import pytest

pytest.register_assert_rewrite(*(f"tests.e2e.{name}" for name in ("labels", "money", "pulls", "reviews", "warehouse")))
