"""What the control API takes, as pydantic models that refuse what they do not know."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sandbox.faults import KINDS
from sandbox.times import parse_time

Time = Annotated[float, BeforeValidator(parse_time)]
Text = Annotated[
    str, BeforeValidator(lambda value: str(value) if isinstance(value, int) and not isinstance(value, bool) else value)
]
MALFORMED_WORDS = ("quantity", "created_at")


class Spec(BaseModel):
    """A strict body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class AppSpec(Spec):
    """An app of a platform: client id and secret at Shopify, partner id and key at Shopee."""

    platform: Literal["shopify", "shopee"]
    client_id: str = ""
    client_secret: str = ""
    partner_id: int = 0
    partner_key: str = ""
    scopes: list[str] | None = None

    @model_validator(mode="after")
    def _named(self) -> "AppSpec":
        if self.platform == "shopify" and not (self.client_id and self.client_secret):
            raise ValueError("a Shopify app needs client_id and client_secret")
        if self.platform == "shopee" and not (self.partner_id and self.partner_key):
            raise ValueError("a Shopee app needs partner_id and partner_key")
        return self


class LabelSpec(Spec):
    """How late labels come: calls that find nothing yet, or seconds until there is something."""

    tracking_empty_calls: int = 0
    tracking_empty_seconds: float = 0.0
    document_processing_calls: int = 0
    document_processing_seconds: float = 0.0


class ChannelSpec(Spec):
    """A Shopee logistics channel; not integrated means seller logistics."""

    id: int
    name: str
    integrated: bool = True
    info_needed: Literal["pickup", "dropoff", "both"] = "pickup"
    slots: bool = True


class ShopSpec(Spec):
    """A shop; `app` is the client id or partner id of the app that may be granted access."""

    platform: Literal["shopify", "shopee"]
    shop: Text
    app: Text
    name: str = ""
    currency: str = "USD"
    region: str = "US"
    plan: Literal["standard", "advanced", "plus", "enterprise"] = "standard"
    restore_rate: float | None = None
    access_seconds: float | None = None
    refresh_seconds: float | None = None
    expiring: bool = True
    scopes: list[str] | None = None
    channels: list[ChannelSpec] | None = None
    label: LabelSpec = LabelSpec()
    grant: bool = False


class ConsentSpec(Spec):
    """The shop that the next visit to the consent page grants."""

    shop: Text


class AddressSpec(Spec):
    """A postal address; region is a state or province code."""

    name: str = "A. Buyer"
    company: str = ""
    phone: str = ""
    line1: str = "1 Main Street"
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


class LineSpec(Spec):
    """One line of an order; price is a decimal text in the order's currency."""

    sku: str
    title: str = ""
    quantity: int = Field(gt=0)
    price: Decimal = Decimal("10.00")
    requires_shipping: bool = True


class MalformedSpec(Spec):
    """How an order is broken on the wire: a dotted path that is removed or gets another value."""

    path: str
    value: Any = None
    remove: bool = False


class OrderSpec(Spec):
    """An order in words of no platform; see README.md for every field."""

    shop: Text
    lines: list[LineSpec] = Field(min_length=1, max_length=2000)
    order: Text = ""
    created_at: Time | None = None
    paid_at: Time | None = None
    paid: bool = True
    updated_at: Time | None = None
    ship_by: Time | None = None
    currency: str = ""
    address: AddressSpec | None = AddressSpec()
    buyer: str = ""
    email: str = ""
    note: str = ""
    channel: int | None = None
    packages: int | list[list[int]] = 1
    fulfilled_by: Literal["seller", "platform"] = "seller"
    hold: str = ""
    label: LabelSpec | None = None
    malformed: MalformedSpec | Literal["quantity", "created_at"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _null_paid_at_is_unpaid(cls, value: Any) -> Any:
        if isinstance(value, dict) and "paid_at" in value and value["paid_at"] is None:
            return {**value, "paid": False}
        return value

    def parcels(self) -> list[list[int]]:
        """Return the line indexes of every parcel; raises ValueError when a line is in none or in two."""
        count = len(self.lines)
        if isinstance(self.packages, int):
            wanted = max(1, min(self.packages, count))
            return [list(range(first, count, wanted)) for first in range(wanted)]
        if sorted(index for parcel in self.packages for index in parcel) != list(range(count)):
            raise ValueError(f"packages must name each of the lines 0..{count - 1} exactly once")
        return self.packages


class OrdersSpec(Spec):
    """Many orders at once; each is `defaults` overlaid with its own fields."""

    defaults: dict[str, Any] = {}
    orders: list[dict[str, Any]] = Field(min_length=1, max_length=5000)


class ChangeSpec(Spec):
    """One change of one order."""

    shop: Text
    order: Text
    action: Literal[
        "cancel",
        "request_cancel",
        "pay",
        "hold",
        "release_hold",
        "edit_address",
        "edit_note",
        "edit_quantity",
        "touch",
        "carrier_scan",
        "deliver",
        "repair",
    ]
    reason: str = ""
    note: str = ""
    address: dict[str, str] = {}
    line: int = 0
    quantity: int = Field(default=0, ge=0)


class ChangesSpec(Spec):
    """Changes, made in their sequence."""

    changes: list[ChangeSpec] = Field(min_length=1, max_length=5000)


class StockSpec(Spec):
    """What a warehouse reports to hold."""

    seller: str
    sku: str
    on_hand: int


class WarehouseSpec(Spec):
    """A warehouse that speaks the WMS protocol; fields that are not given keep their value."""

    code: str
    secret: str = ""
    callback_url: str = ""
    accept_in_answer: bool = True
    accept_seconds: float = Field(default=0.2, ge=0)
    ship: Literal["auto", "manual"] = "auto"
    ship_seconds: float = Field(default=1.0, ge=0)
    cancel: Literal["agree", "pending", "refuse"] = "agree"
    cancel_seconds: float = Field(default=0.5, ge=0)
    callbacks: bool = True
    weight_grams: int = 420
    stock: list[StockSpec] = []


class ByHandSpec(Spec):
    """Submissions that somebody in the warehouse acts on."""

    references: list[str] | Literal["all"] = "all"
    reason: str = ""


class FaultSpec(Spec):
    """One fault; count null means no limit."""

    kind: str
    platform: Literal["", "shopify", "shopee", "wms"] = ""
    shop: Text = ""
    warehouse: str = ""
    operation: str = ""
    order: Text = ""
    count: int | None = Field(default=1, ge=1)
    seconds: float | None = None
    delay: float | None = None
    status: int | None = None
    retry_after: float | None = None
    http: int | None = None
    code: str | None = None
    message: str | None = None
    reason: str | None = None
    refuse: bool | None = None
    path: str | None = None
    value: Any = None
    remove: bool | None = None

    @model_validator(mode="after")
    def _known(self) -> "FaultSpec":
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}, use one of {', '.join(sorted(KINDS))}")
        if self.kind in ("expire_token", "revoke_token") and not self.shop:
            raise ValueError(f"{self.kind} needs the shop whose tokens end")
        return self

    def details(self) -> dict[str, Any]:
        """Return the fields that say how it strikes, without those that were not given."""
        names = (
            "delay",
            "status",
            "retry_after",
            "http",
            "code",
            "message",
            "reason",
            "refuse",
            "path",
            "value",
            "remove",
        )
        return {name: getattr(self, name) for name in names if name in self.model_fields_set}


class FaultsSpec(Spec):
    """Faults to add."""

    faults: list[FaultSpec] = Field(min_length=1, max_length=1000)
