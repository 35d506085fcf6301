"""Signed calls to Shopee: over the gate and the HTTP edge, with the body's error codes translated."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

import orjson

from sync.connectors.kit.connector import Credentials
from sync.connectors.kit.errors import MalformedAnswer, Refused
from sync.connectors.kit.http import Answer, Call, HTTPEdge, Meter, json_object, status_error
from sync.connectors.kit.rate import Bucket, Gate, Taken
from sync.connectors.kit.reading import FieldFault, Fields
from sync.connectors.shopee.auth import public_base, shop_base, signature
from sync.connectors.shopee.errors import body_error, clean_code, coded_error, last_part
from sync.connectors.shopee.manifest import LIST_PAGE, PLATFORM, ShopeeSettings
from sync.connectors.shopee.wire import ORDER_FIELDS

PREFIX = "/api/v2/"
_BATCH_FAILED = "batch_api_all_failed"
_JSON: Mapping[str, str] = {"content-type": "application/json"}
_NO_PARAMETERS: Mapping[str, object] = {}


class ShopeeClient:
    """The calls that the connector makes, each as documented: path, parameters, body."""

    def __init__(self, settings: ShopeeSettings, *, http: HTTPEdge, gate: Gate, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._http = http
        self._gate = gate
        self._clock = clock

    async def tokens(self, path: str, form: Mapping[str, object], *, meter: Meter) -> Fields:
        """A token call: signed without a token, answered at the top level."""
        stamp = int(self._clock().timestamp())
        query = {
            "partner_id": self._settings.partner_id,
            "timestamp": stamp,
            "sign": signature(self._settings, public_base(self._settings, path, stamp)),
        }
        url = f"{self._settings.host}{path}?{urlencode(query)}"
        call = Call(PLATFORM, path, "POST", url, _JSON, orjson.dumps(dict(form)), writes=True)
        answer = await self._http.send(call, meter=meter)
        return self._checked(call, answer)

    async def get(
        self, credentials: Credentials, name: str, parameters: Mapping[str, object], *, meter: Meter
    ) -> Fields:
        """The `response` of a read."""
        answer = await self._call(credentials, name, "GET", parameters=parameters, meter=meter)
        return answer[0]

    async def post(
        self, credentials: Credentials, name: str, body: Mapping[str, object], *, meter: Meter, writes: bool
    ) -> Fields:
        """The `response` of a POST; `writes` is false for those that only read."""
        answer = await self._call(credentials, name, "POST", body=body, writes=writes, meter=meter)
        return answer[0]

    async def download(self, credentials: Credentials, name: str, body: Mapping[str, object], *, meter: Meter) -> bytes:
        """The file of a download, which answers JSON on the same address when it fails."""
        answer = await self._call(credentials, name, "POST", body=body, binary=True, meter=meter)
        return answer[1]

    async def _call(
        self,
        credentials: Credentials,
        name: str,
        method: Literal["GET", "POST"],
        *,
        meter: Meter,
        parameters: Mapping[str, object] = _NO_PARAMETERS,
        body: Mapping[str, object] | None = None,
        writes: bool = False,
        binary: bool = False,
    ) -> tuple[Fields, bytes]:
        path = PREFIX + name
        content = None if body is None else orjson.dumps(dict(body))

        async def once(_: Taken) -> tuple[Fields, bytes]:
            # Signed at the last moment: a signature is good for five minutes, and the gate may have made us wait.
            url = self._shop_url(credentials, path, parameters)
            call = Call(PLATFORM, name, method, url, _JSON if content else {}, content, writes=writes)
            answer = await self._http.send(call, meter=meter)
            if binary and answer.status < 400 and not answer.is_json():
                return Fields({}), answer.body
            fields = self._checked(call, answer)
            try:
                return fields.child("response"), b""
            except FieldFault as fault:
                raise MalformedAnswer(f"the answer cannot be read: {fault}", platform=PLATFORM, call=name) from fault

        bucket = Bucket(
            PLATFORM,
            str(self._settings.partner_id),
            credentials.account,
            rate=self._settings.calls_per_second,
            burst=self._settings.calls_burst,
        )
        return await self._gate.run(bucket, cost=1.0, meter=meter, call=once)

    def _shop_url(self, credentials: Credentials, path: str, parameters: Mapping[str, object]) -> str:
        stamp = int(self._clock().timestamp())
        query = {
            "partner_id": self._settings.partner_id,
            "timestamp": stamp,
            "access_token": credentials.access_token,
            "shop_id": credentials.account,
            "sign": signature(self._settings, shop_base(self._settings, path, stamp, credentials)),
            **parameters,
        }
        return f"{self._settings.host}{path}?{urlencode(query)}"

    def _checked(self, call: Call, answer: Answer) -> Fields:
        """The body once neither it nor the status tells an error; the body is asked first, whatever the status."""
        if not answer.is_json():
            error = status_error(call, answer)
            if error is not None:
                raise error
        fields = Fields(json_object(call, answer))
        try:
            code = clean_code(fields.optional_text("error"))
            all_failed = last_part(code) == _BATCH_FAILED and isinstance(fields.raw.get("response"), dict)
            error = None if all_failed else body_error(call, fields, now=self._clock())
        except FieldFault as fault:
            raise MalformedAnswer(f"the answer cannot be read: {fault}", platform=PLATFORM, call=call.name) from fault
        error = error or status_error(call, answer, request_id=fields.optional_text("request_id"))
        if error is not None:
            raise error
        return fields

    def element_error(self, name: str, element: Fields, *, writes: bool) -> Exception | None:
        """The error of one element of a batch answer, or None."""
        code = clean_code(element.optional_text("fail_error"))
        if not code:
            return None
        call = Call(PLATFORM, name, "POST", "", writes=writes)
        return coded_error(call, code, element.optional_text("fail_message"), now=self._clock())

    async def list_orders(
        self, credentials: Credentials, *, since: int, until: int, cursor: str, meter: Meter
    ) -> tuple[tuple[str, ...], str | None]:
        """Order numbers changed in the Unix seconds from `since` to `until`, and the next cursor."""
        name = "order/get_order_list"
        parameters = {
            "time_range_field": "update_time",
            "time_from": since,
            "time_to": until,
            "page_size": LIST_PAGE,
            "cursor": cursor,
            "response_optional_fields": "order_status",
            "request_order_status_pending": "true",
        }
        response = await self.get(credentials, name, parameters, meter=meter)
        try:
            numbers = tuple(order.text("order_sn") for order in response.children("order_list"))
            following = response.text("next_cursor") if response.flag("more") else None
        except FieldFault as fault:
            raise MalformedAnswer(f"the page cannot be read: {fault}", platform=PLATFORM, call=name) from fault
        if following is not None and following == cursor:
            raise MalformedAnswer("the next page's cursor is this page's own", platform=PLATFORM, call=name)
        return numbers, following

    async def order_details(
        self, credentials: Credentials, order_numbers: Sequence[str], *, meter: Meter, fields: str = ORDER_FIELDS
    ) -> list[object]:
        """The orders' JSON, unread, in any sequence; unknown ones are missing."""
        name = "order/get_order_detail"
        parameters = {
            "order_sn_list": ",".join(order_numbers),
            "response_optional_fields": fields,
            "request_order_status_pending": "true",
        }
        try:
            response = await self.get(credentials, name, parameters, meter=meter)
            return response.items("order_list")
        except FieldFault as fault:
            raise MalformedAnswer(f"the answer cannot be read: {fault}", platform=PLATFORM, call=name) from fault

    async def order_detail(self, credentials: Credentials, order_number: str, *, fields: str, meter: Meter) -> Fields:
        """One order's JSON; an unknown order is refused for good."""
        for raw in await self.order_details(credentials, [order_number], fields=fields, meter=meter):
            if isinstance(raw, dict) and raw.get("order_sn") == order_number:
                return Fields(raw)
        reason = f"the shop does not know order {order_number}"
        raise Refused(reason, code="order_not_found", final=True, platform=PLATFORM, call="order/get_order_detail")

    async def channels(self, credentials: Credentials, *, meter: Meter) -> dict[int, bool]:
        """Channel id -> whether it is the seller's own logistics."""
        name = "logistics/get_channel_list"
        response = await self.get(credentials, name, {}, meter=meter)
        try:
            return {
                channel.whole("logistics_channel_id"): _is_own(channel)
                for channel in response.children("logistics_channel_list")
            }
        except FieldFault as fault:
            raise MalformedAnswer(f"the answer cannot be read: {fault}", platform=PLATFORM, call=name) from fault


def _is_own(channel: Fields) -> bool:
    capability = channel.optional_child("logistics_capability")
    return capability.flag("seller_logistics") if capability is not None else False
