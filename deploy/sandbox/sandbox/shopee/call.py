"""What a call has at hand, and how it is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.faults import Fault, Scope
from sandbox.shopee.model import Package, ShopeeOrder, ShopeeShop
from sandbox.world import World


class Refused(Exception):
    """An error of the platform; `http_status` is 403 where identity is in doubt, `response` is of a batch."""

    def __init__(
        self, error: str, message: str, *, http_status: int = 200, response: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error
        self.message = message
        self.http_status = http_status
        self.response = response


@dataclass(slots=True)
class Call:
    """One call of one shop."""

    world: World
    shop: ShopeeShop
    operation: str

    def strike(self, kind: str, order: ShopeeOrder) -> Fault | None:
        """Return the fault of this kind that strikes this order in this call."""
        if not self.world.faults.any_live():
            return None
        return self.world.strike(kind, Scope("shopee", self.operation, shop=self.shop.key, orders=order.names()))

    def order(self, order_sn: str, *, error: str = "error_not_found") -> ShopeeOrder:
        """Return an order of the shop."""
        order = self.shop.orders.get(order_sn)
        if not isinstance(order, ShopeeOrder):
            raise Refused(error, f"Wrong parameters, detail: the order is not found. order_sn {order_sn}")
        return order

    def package(
        self,
        order: ShopeeOrder,
        package_number: str | None,
        *,
        needed: tuple[str, str],
        unneeded: tuple[str, str] | None = None,
    ) -> Package:
        """Return the named package, or the only one of an order that is not split."""
        if package_number is None:
            if len(order.packages) > 1:
                raise Refused(*needed)
            return order.packages[0]
        if unneeded is not None and len(order.packages) == 1:
            raise Refused(*unneeded)
        for package in order.packages:
            if package.number == package_number:
                return package
        raise Refused("logistics.package_number_not_found", f"The package_number {package_number} is not exist.")


def batch(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the response of a batch, refused as a whole when every element was; a FAILED document is an answer."""
    response = {"result_list": list(results)}
    if all("fail_error" in each and "status" not in each for each in results):
        raise Refused(
            "common.batch_api_all_failed", "Failed, please check result_list for more details.", response=response
        )
    return response
