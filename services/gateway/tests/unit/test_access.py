import pytest
from gateway.domain.access import ADMIN, RULES, SERVICE_OF, AccessTable, service_of
from hypothesis import given
from hypothesis import strategies as st

TABLE = AccessTable()


class TestRoles:
    @pytest.mark.parametrize(
        ("method", "path", "role", "allowed"),
        [
            ("GET", "orders", "seller_staff", True),
            ("HEAD", "orders", "seller_staff", True),
            ("POST", "orders/7/cancel", "seller_owner", True),
            ("POST", "orders/7/cancel", "operator_support", False),
            ("POST", "products/7/approve", "seller_owner", False),
            ("POST", "products/approve", "seller_owner", False),
            ("POST", "products/7/submit", "seller_owner", True),
            ("GET", "holds/7", "seller_owner", True),
            ("GET", "holds/anomalies", "seller_owner", False),
            ("GET", "holds/anomalies", "operator_support", True),
            ("PUT", "account/credit-limit", "seller_owner", False),
            ("PUT", "account/credit-limit", "operator_finance", True),
            ("POST", "fulfillments/7/ship", "seller_owner", False),
            ("POST", "fulfillments/7/submit", "seller_owner", True),
            ("GET", "account", "operator_warehouse", False),
            ("POST", "sellers", "seller_owner", False),
        ],
    )
    def test_says_who_may(self, method: str, path: str, role: str, allowed: bool) -> None:
        assert (role in TABLE.roles(method, path)) is allowed

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", ""), ("GET", "nothing"), ("DELETE", "orders2"), ("POST", "stock/7/receive"), ("POST", "stock"),
            ("GET", "holds/"), ("GET", "holds/7/8"), ("TRACE", "orders"), ("POST", "account"), ("GET", "metrics"),
        ],
    )  # fmt: skip
    def test_denies_what_is_not_named(self, method: str, path: str) -> None:
        assert TABLE.roles(method, path) == frozenset()

    @given(st.text(max_size=40), st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]))
    def test_nothing_outside_the_resources_is_anybody_s(self, path: str, method: str) -> None:
        first = path.partition("/")[0]
        if first not in {pattern.partition("/")[0] for _, pattern, _ in RULES}:
            assert not TABLE.roles(method, path)

    def test_the_most_literal_rule_counts_whatever_the_order(self) -> None:
        rules = [("GET", "a/**", frozenset({"x"})), ("GET", "a/*", frozenset({"y"})), ("GET", "a/b", ADMIN)]
        for table in (AccessTable(rules), AccessTable(reversed(rules))):
            assert table.roles("GET", "a/b") == ADMIN
            assert table.roles("GET", "a/c") == {"y"}
            assert table.roles("GET", "a/b/c") == {"x"}


class TestServiceOf:
    def test_finds_the_longest_name(self) -> None:
        assert service_of("hooks/wms/7") == "fulfillment"
        assert service_of("hooks/shopify/7") == "sync"
        assert service_of("hooks/authorize/shopee") == "sync"
        assert service_of("fee-schedules/preview") == "billing"
        assert service_of("sellers") is None

    def test_every_ruled_resource_but_the_gateway_s_own_has_a_service(self) -> None:
        own = {"session", "sellers", "users", "sign-ins"}
        ruled = {pattern.partition("/")[0] for _, pattern, _ in RULES}
        assert ruled - own == {name for name in SERVICE_OF if "/" not in name} - {"hooks"}
