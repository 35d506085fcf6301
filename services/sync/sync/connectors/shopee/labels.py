"""Shopee's label chain, resumable: arrange -> tracking number -> document type -> document -> ready -> download.

Two steps of it write. Before ship_order the order is read in the same run, and before create_shipping_document of a
resumed run its result is: so a lost answer, a crash or lost progress never arranges or makes a document twice.
"""

from collections.abc import Mapping, Sequence

from sync.connectors.kit.canonical import Hooks
from sync.connectors.kit.connector import Credentials, LabelledParcel, LabelPending, LabelReady, LabelRequest
from sync.connectors.kit.errors import ConnectorError, MalformedAnswer, NotReady, OutcomeUnknown, Refused
from sync.connectors.kit.http import Meter
from sync.connectors.kit.reading import FieldFault, Fields
from sync.connectors.shopee.arranging import Arranger, platform_way
from sync.connectors.shopee.client import ShopeeClient
from sync.connectors.shopee.manifest import PLATFORM, ShopeeSettings
from sync.connectors.shopee.packages import PackageState, Progress, ShippingView, Step, begin

_FORMATS = ((b"%PDF", "pdf"), (b"^XA", "zpl"))
_FOUND = {"READY": Step.DOWNLOAD, "PROCESSING": Step.RESULT}
_CREATE = "logistics/create_shipping_document"
_RESULT = "logistics/get_shipping_document_result"
_PARAMETER = "logistics/get_shipping_document_parameter"
_DOWNLOAD = "logistics/download_shipping_document"


class LabelChain:
    """One run over one order's packages."""

    def __init__(
        self,
        settings: ShopeeSettings,
        client: ShopeeClient,
        credentials: Credentials,
        request: LabelRequest,
        *,
        hooks: Hooks,
    ) -> None:
        self._settings = settings
        self._client = client
        self._credentials = credentials
        self._request = request
        self._meter = Meter()
        self._arranger = Arranger(client, credentials, request.platform_order_id, hooks=hooks, meter=self._meter)

    async def run(self, stored: Mapping[str, object] | None) -> LabelReady | LabelPending:
        """Go as far as Shopee is; an error carries the progress."""
        progress = Progress.from_json(stored) if stored else None
        try:
            view = None
            if progress is None:
                view = await self._arranger.view()
                progress = begin(view, self._request.package_numbers)
            await self._arrange(progress, view)
            await self._track(progress)
            await self._choose_types(progress)
            await self._create(progress)
            await self._results(progress)
            return LabelReady(await self._download(progress), calls=self._meter.calls)
        except NotReady as wait:
            if progress is None:
                raise
            seconds = progress.wait_seconds(
                first=self._settings.poll_first_seconds, longest=self._settings.poll_longest_seconds
            )
            return LabelPending(progress.to_json(), wait.code, wait.reason, seconds, calls=self._meter.calls)
        except FieldFault as fault:
            malformed = _malformed("logistics", str(fault))
            malformed.progress = progress.to_json() if progress is not None else stored
            raise malformed from fault
        except ConnectorError as error:
            error.progress = progress.to_json() if progress is not None else stored
            raise

    async def _arrange(self, progress: Progress, view: ShippingView | None) -> None:
        """Arrange what is not arranged; the order is always read in the run that writes."""
        if not progress.at(Step.ARRANGE):
            return
        view = view or await self._arranger.view()
        for state in progress.at(Step.ARRANGE):
            (package,) = view.wanted((state.number,) if state.number else ())
            if view.arranged(package):
                state.step, state.maybe_created = Step.TRACK, True
                continue
            view.check_arrangeable(package)
            parameter = await self._arranger.parameter(state.number, split=progress.split)
            way = platform_way(parameter)
            fresh = await self._arranger.ship(state.number, split=progress.split, way=way)
            state.step, state.maybe_created = Step.TRACK, not fresh

    async def _track(self, progress: Progress) -> None:
        for state in progress.at(Step.TRACK):
            number = await self._arranger.tracking_number(state.number, split=progress.split)
            if number:
                state.tracking_number, state.step = number, Step.DOCUMENT
        waiting = progress.at(Step.TRACK)
        if waiting:
            reason = f"the tracking number of {len(waiting)} of {len(progress.packages)} packages is being drawn"
            raise NotReady(reason, code="tracking_number_pending", platform=PLATFORM)

    async def _choose_types(self, progress: Progress) -> None:
        states = [state for state in progress.at(Step.DOCUMENT) if not state.document_type]
        if not states:
            return
        for state, element in await self._batch(_PARAMETER, progress, states, writes=False):
            selectable = element.texts("selectable_shipping_document_type")
            wanted = [kind for kind in self._settings.document_types if kind in selectable]
            state.document_type = wanted[0] if wanted else element.text("suggest_shipping_document_type")

    async def _create(self, progress: Progress) -> None:
        uncertain = [state for state in progress.at(Step.DOCUMENT) if state.maybe_created]
        if uncertain:
            await self._look_for(progress, uncertain)
        states = progress.at(Step.DOCUMENT)
        if not states:
            return
        try:
            for state, _ in await self._batch(_CREATE, progress, states, writes=True, document=True):
                state.step = Step.RESULT
        except OutcomeUnknown:
            for state in states:
                state.maybe_created = True
            raise

    async def _look_for(self, progress: Progress, states: Sequence[PackageState]) -> None:
        """Move on those whose document exists; a refusal here means that there is none."""
        for state in states:
            try:
                ((_, element),) = await self._batch(_RESULT, progress, [state], writes=False, typed=True)
            except Refused:
                continue
            state.step = _FOUND.get(element.optional_text("status"), state.step)

    async def _results(self, progress: Progress) -> None:
        states = progress.at(Step.RESULT)
        if not states:
            return
        for state, element in await self._batch(_RESULT, progress, states, writes=False, typed=True):
            status = element.text("status")
            if status == "READY":
                state.step = Step.DOWNLOAD
            elif status == "FAILED":
                # A failed document may be made anew, but not in a hurry.
                state.step = Step.DOCUMENT
                reason = f"Shopee could not make the label of package {state.number or 1}; it is asked for again"
                raise Refused(reason, code="document_failed", final=False, platform=PLATFORM, call=_RESULT)
            elif status != "PROCESSING":
                raise _malformed(_RESULT, f"status is {status!r}, expected READY, PROCESSING or FAILED")
        waiting = progress.at(Step.RESULT)
        if waiting:
            reason = f"the labels of {len(waiting)} of {len(progress.packages)} packages are being made"
            raise NotReady(reason, code="document_pending", platform=PLATFORM)

    async def _download(self, progress: Progress) -> tuple[LabelledParcel, ...]:
        parcels: list[LabelledParcel] = []
        for state in progress.packages:
            form = {
                "shipping_document_type": state.document_type,
                "order_list": [self._arranger.reference(state.number, split=progress.split)],
            }
            label = await self._client.download(self._credentials, _DOWNLOAD, form, meter=self._meter)
            kinds = [kind for start, kind in _FORMATS if label.lstrip()[:8].startswith(start)]
            if not kinds:
                raise _malformed(_DOWNLOAD, f"the label of {len(label)} bytes is neither PDF nor ZPL")
            parcels.append(LabelledParcel(state.number, state.tracking_number, state.carrier, label, kinds[0]))
        return tuple(parcels)

    async def _batch(
        self,
        name: str,
        progress: Progress,
        states: Sequence[PackageState],
        *,
        writes: bool,
        document: bool = False,
        typed: bool = False,
    ) -> list[tuple[PackageState, Fields]]:
        """The element of the answer for each package; the first element that failed raises its error."""
        order_list: list[dict[str, object]] = []
        for state in states:
            form = self._arranger.reference(state.number, split=progress.split)
            if document:
                form["tracking_number"] = state.tracking_number
            if document or typed:
                form["shipping_document_type"] = state.document_type
            order_list.append(form)
        response = await self._client.post(
            self._credentials, name, {"order_list": order_list}, meter=self._meter, writes=writes
        )
        try:
            elements = list(response.children("result_list"))
            by_number = {element.optional_text("package_number"): element for element in elements}
            if len(states) == 1 and len(elements) == 1:
                pairs = [(states[0], elements[0])]
            elif all(state.number in by_number for state in states):
                pairs = [(state, by_number[state.number]) for state in states]
            else:
                raise _malformed(name, f"{len(states)} packages were asked for and others answered")
            for _, element in pairs:
                error = self._client.element_error(name, element, writes=writes)
                if error is not None:
                    raise error
        except FieldFault as fault:
            raise _malformed(name, str(fault)) from fault
        return pairs


def _malformed(call: str, what: str) -> MalformedAnswer:
    return MalformedAnswer(f"the answer cannot be read: {what}", platform=PLATFORM, call=call)
