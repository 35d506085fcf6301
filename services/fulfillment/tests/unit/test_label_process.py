import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator

import psutil
import pytest
from common.errors import InvalidInput, Unavailable
from fulfillment.adapters import label_process, label_worker
from fulfillment.adapters.label_content import LabelContent
from fulfillment.adapters.label_process import LabelProcess
from fulfillment.adapters.label_worker import draw_pdfs

MOST_MB = 80


def content(number: int = 1) -> LabelContent:
    return LabelContent(
        service="Ground", ship_from="W-E, US", name="A. Buyer", lines=("1 Main St", "01501 Reno"), country="US",
        tracking_number=f"HC{number:011d}", number="FO-000000001", order_number="#1",
    )  # fmt: skip


@pytest.fixture
async def labels() -> AsyncIterator[LabelProcess]:
    made = LabelProcess()
    yield made
    await made.close()


def child(labels: LabelProcess) -> psutil.Process:
    """The one process that draws."""
    assert labels._pool
    (pid,) = labels._pool._processes
    return psutil.Process(pid)


class TestCalls:
    async def test_labels_asked_for_together_are_drawn_by_one_small_process(self, labels: LabelProcess) -> None:
        pdfs = await asyncio.gather(*(labels.pdf(content(number)) for number in range(40)))
        assert all(pdf.startswith(b"%PDF-") for pdf in pdfs)
        assert len(set(pdfs)) == 40
        assert labels._calls <= 3
        assert child(labels).memory_info().rss < MOST_MB << 20

    async def test_a_pdf_becomes_zpl(self, labels: LabelProcess) -> None:
        assert (await labels.zpl(await labels.pdf(content()))).startswith(b"^XA")

    async def test_what_cannot_be_converted_is_refused(self, labels: LabelProcess) -> None:
        with pytest.raises(InvalidInput) as caught:
            await labels.zpl(b"%PDF-1.7\n%%EOF\n")
        assert caught.value.fields[0].remedy == "Print the PDF as it is, with format=pdf."

    async def test_the_process_is_replaced_after_many_calls(
        self, labels: LabelProcess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(label_process, "CALLS_OF_A_PROCESS", 1)
        await labels.pdf(content())
        first = child(labels)
        await labels.pdf(content())
        assert child(labels).pid != first.pid
        await asyncio.to_thread(first.wait, 20)


class TestDeath:
    async def test_killed_while_it_draws_the_label_is_drawn_by_the_next(self, labels: LabelProcess) -> None:
        await labels.pdf(content())
        victim = child(labels)
        victim.suspend()
        drawing = asyncio.ensure_future(labels._call(draw_pdfs, [content(2)]))
        await asyncio.sleep(0)  # By now it has been handed to the process, which sleeps.
        assert labels._pool
        assert labels._pool._pending_work_items
        victim.kill()
        (pdf,) = await drawing
        assert pdf.startswith(b"%PDF-")
        assert child(labels).pid != victim.pid

    async def test_killed_while_idle_it_is_replaced(self, labels: LabelProcess) -> None:
        await labels.pdf(content())
        child(labels).kill()
        assert (await labels.pdf(content(2))).startswith(b"%PDF-")

    async def test_a_call_that_always_kills_it_is_given_up(self, labels: LabelProcess) -> None:
        with pytest.raises(Unavailable, match="died 3 times"):
            await labels._call(os._exit, 1)

    def test_it_ends_with_the_service_even_when_that_is_killed(self) -> None:
        with subprocess.Popen([sys.executable, "-c", _SERVICE], stdout=subprocess.PIPE) as service:
            assert service.stdout
            drawer = psutil.Process(int(service.stdout.readline()))
            service.kill()
        _, alive = psutil.wait_procs([drawer], timeout=20)
        assert not alive


_SERVICE = """
import asyncio
from fulfillment.adapters.label_content import LabelContent
from fulfillment.adapters.label_process import LabelProcess

async def main():
    labels = LabelProcess()
    await labels.pdf(LabelContent("G", "W", "N", (), "US", "HC00000000001", "FO-1", "1"))
    (pid,) = labels._pool._processes
    print(pid, flush=True)
    await asyncio.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""

HEAVY = ("fpdf", "zint", "zebrafy", "PIL", "pypdfium2", "fontTools")
OF_THE_SERVICE = ("sqlalchemy", "fastapi", "pydantic", "common.service", "fulfillment.bootstrap")


def loaded_by(modules: str) -> set[str]:
    """What a fresh interpreter has loaded after importing these."""
    program = f"import sys, {modules}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


class TestImports:
    def test_the_service_carries_no_drawing_library(self) -> None:
        loaded = loaded_by("fulfillment.bootstrap, common.service")
        assert label_worker.__name__ in loaded
        assert not loaded & set(HEAVY)

    def test_the_label_process_carries_nothing_of_the_service(self) -> None:
        loaded = loaded_by(
            "fulfillment.adapters.label_worker, fulfillment.adapters.label_rendering, "
            "fulfillment.adapters.label_conversion"
        )
        assert set(HEAVY) <= loaded
        assert not loaded & set(OF_THE_SERVICE)
