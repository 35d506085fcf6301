"""A file of real invoices as a day of orders: InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice,
CustomerID, Country.

An invoice is an order, its rows are the lines; a number that begins with C cancels an earlier order of the same
customer; stock codes keep their letter case; postage, fees and corrections are no goods. The file has no postal codes:
each customer gets one from a fixed seed.
"""

import csv
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

NO_GOODS = re.compile(r"^(POST|DOT|C2|D|M|S|B|CRUK|AMAZONFEE|BANK CHARGES|gift_.*)$", re.IGNORECASE)
"""Postage, carriage, discounts, manual corrections, samples, bad debts, commissions, fees and gift vouchers."""

COUNTRIES: Mapping[str, str] = {
    "Australia": "AU", "Austria": "AT", "Bahrain": "BH", "Belgium": "BE", "Brazil": "BR", "Canada": "CA",
    "Channel Islands": "JE", "Cyprus": "CY", "Czech Republic": "CZ", "Denmark": "DK", "EIRE": "IE", "Finland": "FI",
    "France": "FR", "Germany": "DE", "Greece": "GR", "Hong Kong": "HK", "Iceland": "IS", "Israel": "IL", "Italy": "IT",
    "Japan": "JP", "Lebanon": "LB", "Lithuania": "LT", "Malta": "MT", "Netherlands": "NL", "Norway": "NO",
    "Poland": "PL", "Portugal": "PT", "RSA": "ZA", "Saudi Arabia": "SA", "Singapore": "SG", "Spain": "ES",
    "Sweden": "SE", "Switzerland": "CH", "USA": "US", "United Arab Emirates": "AE", "United Kingdom": "GB",
    "Unspecified": "",
}  # fmt: skip
_SEED = 20111116
_COLUMNS = {"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}


class BadFile(ValueError):
    """The file is not of this form; says where and why."""


@dataclass(frozen=True, slots=True)
class RetailLine:
    """One row of an invoice that is goods."""

    code: str
    title: str
    quantity: int
    price: str


@dataclass(slots=True)
class RetailOrder:
    """One invoice; `canceled` where a later one of the same customer takes it back."""

    number: str
    customer: str
    country: str
    lines: list[RetailLine] = field(default_factory=list)
    canceled: bool = False

    def address(self) -> dict[str, str]:
        """The customer's address; the same in every run."""
        place = random.Random(f"{_SEED}:{self.customer or self.number}")
        digits = f"{place.randint(10000, 99999)}"
        letters = place.choice("BLMNSE")
        postal = {
            "GB": f"{letters}{place.randint(1, 20)} {place.randint(1, 9)}AB",
            "IE": f"D{place.randint(10, 24)} X{digits[:3]}",
            "NL": f"{digits[:4]} {letters}A",
            "CA": f"M{digits[0]}V {digits[1]}L{digits[2]}",
        }
        return {
            "name": f"Customer {self.customer or self.number}",
            "phone": "",
            "line1": f"{place.randint(1, 200)} High Street",
            "line2": "",
            "city": "Town",
            "region": "",
            "postal_code": postal.get(self.country, digits),
            "country": self.country,
        }


@dataclass(frozen=True, slots=True)
class RetailDay:
    """The orders of a file, with what was left out and why."""

    orders: tuple[RetailOrder, ...]
    stock: Mapping[str, int]
    left_out: Mapping[str, int]


def read_day(path: Path) -> RetailDay:
    """Read a file; raises BadFile."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = _COLUMNS - set(reader.fieldnames or ())
        if missing:
            raise BadFile(
                f"{path} has no column {', '.join(sorted(missing))}; give a file in the form of the online retail data"
            )
        return _day(reader, path)


def _day(rows: Iterable[Mapping[str, str]], path: Path) -> RetailDay:
    orders: dict[str, RetailOrder] = {}
    cancellations: dict[str, RetailOrder] = {}
    left_out: defaultdict[str, int] = defaultdict(int)
    for number, row in enumerate(rows, 2):
        try:
            quantity = int(row["Quantity"])
            country = COUNTRIES[row["Country"].strip()]
        except (ValueError, KeyError) as error:
            raise BadFile(
                f"{path}, line {number}: {error} cannot be read as Quantity or Country; correct the row"
            ) from error
        code = row["StockCode"].strip()
        if NO_GOODS.match(code):
            left_out["rows that are no goods"] += 1
            continue
        invoice = row["InvoiceNo"].strip()
        book = cancellations if invoice.startswith("C") else orders
        order = book.setdefault(invoice, RetailOrder(invoice, row["CustomerID"].strip().removesuffix(".0"), country))
        if quantity <= 0 and book is orders:
            left_out["rows with a quantity below one"] += 1
            continue
        order.lines.append(
            RetailLine(code, row["Description"].strip() or code, abs(quantity), row["UnitPrice"].strip())
        )
    _cancel(orders, cancellations, left_out)
    goods = tuple(order for order in orders.values() if order.lines)
    left_out["orders without goods"] += len(orders) - len(goods)
    stock: defaultdict[str, int] = defaultdict(int)
    for order in goods:
        for line in order.lines:
            stock[line.code] += line.quantity
    return RetailDay(goods, dict(stock), {reason: count for reason, count in left_out.items() if count})


def _cancel(
    orders: Mapping[str, RetailOrder], cancellations: Mapping[str, RetailOrder], left_out: defaultdict[str, int]
) -> None:
    """Match each cancellation with the latest earlier order of its customer that has one of its codes."""
    by_customer: defaultdict[str, list[RetailOrder]] = defaultdict(list)
    for order in orders.values():
        by_customer[order.customer].append(order)
    for number, cancellation in cancellations.items():
        codes = {line.code for line in cancellation.lines}
        for order in reversed(by_customer[cancellation.customer] if cancellation.customer else []):
            if (
                order.number < number.removeprefix("C")
                and not order.canceled
                and codes & {line.code for line in order.lines}
            ):
                order.canceled = True
                break
        else:
            left_out["cancellations of another day's orders"] += 1
