"""Who may do what: one table over all routes of all services. What is not in it is denied.

A pattern is a path below /api/v1 where `*` stands for one segment and `**` for any number, none included. Of the
patterns that match, the most literal counts, segment by segment. The services check their own rules besides.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

ADMIN = frozenset({"operator_admin"})
FINANCE = ADMIN | {"operator_finance"}
DESK = ADMIN | {"operator_warehouse"}
OPERATORS = FINANCE | DESK | {"operator_support"}
LEDGER = FINANCE | {"operator_support"}
SELLERS = frozenset({"seller_owner", "seller_staff"})
OWNERS = frozenset({"seller_owner"})
EVERYONE = OPERATORS | SELLERS
WRITE = ("POST", "PUT", "PATCH", "DELETE")

Rule = tuple[str | tuple[str, ...], str, frozenset[str]]

RULES: tuple[Rule, ...] = (
    # sync
    ("GET", "stores/**", EVERYONE),
    (WRITE, "stores/**", SELLERS | ADMIN),
    # orders
    ("GET", "orders/**", EVERYONE),
    (WRITE, "orders/**", SELLERS | DESK),
    ("GET", "mappings/**", EVERYONE),
    (WRITE, "mappings/**", SELLERS | ADMIN),
    ("GET", "routing-rules/**", EVERYONE),
    (WRITE, "routing-rules/**", SELLERS | ADMIN),
    # inventory
    ("GET", "warehouses", EVERYONE),
    ("GET", "warehouses/*", EVERYONE),
    ("GET", "warehouses/*/sellers", OPERATORS),
    ("GET", "warehouses/*/audit", OPERATORS),
    ("POST", "warehouses", ADMIN),
    ("PATCH", "warehouses/*", ADMIN),
    (("PUT", "DELETE"), "warehouses/*/sellers/*", ADMIN),
    ("GET", "products/**", EVERYONE),
    ("POST", "products", SELLERS | DESK),
    ("POST", "products/batch", SELLERS | DESK),
    ("POST", "products/import", SELLERS | DESK),
    ("POST", "products/submit", SELLERS | DESK),
    ("POST", "products/reopen", SELLERS | DESK),
    ("POST", "products/approve", DESK),
    ("POST", "products/reject", DESK),
    ("POST", "products/measure", DESK),
    (("PATCH", "DELETE"), "products/*", SELLERS | DESK),
    ("POST", "products/*/submit", SELLERS | DESK),
    ("POST", "products/*/reopen", SELLERS | DESK),
    ("POST", "products/*/approve", DESK),
    ("POST", "products/*/reject", DESK),
    ("POST", "products/*/measure", DESK),
    ("GET", "stock", EVERYONE),
    ("GET", "stock/*", EVERYONE),
    ("GET", "stock/anomalies", EVERYONE),
    ("POST", "stock/receive", DESK),
    ("POST", "stock/adjust", DESK),
    ("POST", "stock/anomalies/*/resolve", DESK),
    # fulfillment
    ("GET", "channels/**", EVERYONE),
    ("POST", "channels", ADMIN),
    ("PATCH", "channels/*", ADMIN),
    ("GET", "fulfillments/**", EVERYONE),
    ("POST", "fulfillments/submit", SELLERS | DESK),
    ("PATCH", "fulfillments/*", SELLERS | DESK),
    ("POST", "fulfillments/*/submit", SELLERS | DESK),
    ("POST", "fulfillments/*/cancel", SELLERS | DESK),
    ("POST", "fulfillments/*/label", SELLERS | DESK),
    ("POST", "fulfillments/*/move-to-draft", SELLERS | DESK),
    ("POST", "fulfillments/*/retry-label", SELLERS | DESK),
    ("POST", "fulfillments/ship", DESK),
    ("POST", "fulfillments/*/ship", DESK),
    ("POST", "fulfillments/*/refuse", DESK),
    ("GET", "submission-settings", EVERYONE),
    ("PUT", "submission-settings", SELLERS | DESK),
    (("GET", "PUT"), "warehouse-connections/*", ADMIN),
    # billing
    ("GET", "account", SELLERS | LEDGER),
    ("GET", "accounts", SELLERS | LEDGER),
    ("PUT", "account/credit-limit", FINANCE),
    ("GET", "ledger", SELLERS | LEDGER),
    ("GET", "holds", SELLERS | LEDGER),
    ("GET", "holds/*", SELLERS | LEDGER),
    ("GET", "holds/anomalies", LEDGER),
    ("POST", "holds/anomalies/*/close", FINANCE),
    ("GET", "topups/**", SELLERS | LEDGER),
    ("POST", "topups", SELLERS | FINANCE),
    ("POST", "topups/*/approve", FINANCE),
    ("POST", "topups/*/reject", FINANCE),
    ("GET", "fee-schedules", LEDGER),
    ("GET", "fee-schedules/*", LEDGER),
    ("POST", "fee-schedules", FINANCE),
    ("POST", "fee-schedules/preview", SELLERS | LEDGER),
    (("PUT", "DELETE"), "fee-schedules/*", FINANCE),
    # gateway
    (("GET", "DELETE"), "session", EVERYONE),
    ("PUT", "session/password", EVERYONE),
    ("GET", "sellers", EVERYONE),
    ("GET", "sellers/*", EVERYONE),
    ("POST", "sellers", ADMIN),
    ("PATCH", "sellers/*", ADMIN),
    ("GET", "users", ADMIN | OWNERS),
    ("GET", "users/*", ADMIN | OWNERS),
    ("POST", "users", ADMIN | OWNERS),
    ("PATCH", "users/*", ADMIN | OWNERS),
    ("PUT", "users/*/password", ADMIN | OWNERS),
    ("GET", "sign-ins", ADMIN),
)

SERVICE_OF: Mapping[str, str] = {
    "stores": "sync",
    "hooks": "sync",
    "orders": "orders",
    "mappings": "orders",
    "routing-rules": "orders",
    "warehouses": "inventory",
    "products": "inventory",
    "stock": "inventory",
    "channels": "fulfillment",
    "fulfillments": "fulfillment",
    "submission-settings": "fulfillment",
    "warehouse-connections": "fulfillment",
    "hooks/wms": "fulfillment",
    "account": "billing",
    "accounts": "billing",
    "topups": "billing",
    "ledger": "billing",
    "holds": "billing",
    "fee-schedules": "billing",
}
"""Which service answers, by the first segment or the first two."""

PUBLIC = "hooks"
"""Below it nobody is signed in: the services verify the callers' signatures themselves."""


@dataclass(slots=True)
class _Node:
    literal: dict[str, "_Node"] = field(default_factory=dict)
    any_segment: "_Node | None" = None
    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    rest: dict[str, frozenset[str]] = field(default_factory=dict)


class AccessTable:
    """Finds the rule of a request in a tree of segments."""

    def __init__(self, rules: Iterable[Rule] = RULES) -> None:
        self._root = _Node()
        for methods, pattern, roles in rules:
            self._add((methods,) if isinstance(methods, str) else methods, pattern, roles)

    def _add(self, methods: Collection[str], pattern: str, roles: frozenset[str]) -> None:
        node = self._root
        segments = pattern.split("/")
        rest = segments[-1] == "**"
        for segment in segments[:-1] if rest else segments:
            if segment == "*":
                node.any_segment = node.any_segment or _Node()
                node = node.any_segment
            else:
                node = node.literal.setdefault(segment, _Node())
        for method in methods:
            (node.rest if rest else node.roles)[method] = roles

    def roles(self, method: str, path: str) -> frozenset[str]:
        """The roles that may send `method` to `path` (below /api/v1, without a slash at its start); none where no
        rule names it.
        """
        found = _find(self._root, "GET" if method == "HEAD" else method, path.split("/"), 0)
        return found or frozenset()


def _find(node: _Node, method: str, segments: list[str], index: int) -> frozenset[str] | None:
    if index == len(segments):
        return node.roles.get(method) or node.rest.get(method)
    below = node.literal.get(segments[index])
    found = _find(below, method, segments, index + 1) if below else None
    if found is None and node.any_segment is not None and segments[index]:
        found = _find(node.any_segment, method, segments, index + 1)
    return found if found is not None else node.rest.get(method)


def service_of(path: str) -> str | None:
    """The service that answers for `path`, or None."""
    first, _, tail = path.partition("/")
    second = tail.partition("/")[0]
    return SERVICE_OF.get(f"{first}/{second}") or SERVICE_OF.get(first)
