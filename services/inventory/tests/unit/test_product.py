from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from common.errors import IllegalTransition, StaleVersion
from common.kernel.ids import uuid7
from hypothesis import given
from hypothesis import strategies as st
from inventory.domain.product import TRANSITIONS, Measures, Product, ProductData, ProductLocked, ProductStatus

AT = datetime(2026, 1, 2, tzinfo=UTC)


def product(status: ProductStatus = ProductStatus.DRAFT) -> Product:
    data = ProductData("A-1", "Mug", hazard_class="9", declared=Measures(weight_grams=2000))
    return Product(uuid7(), uuid7(), data, status, 1, AT, AT)


class TestMoveTo:
    def test_every_status_has_a_row(self) -> None:
        assert set(TRANSITIONS) == set(ProductStatus)

    @given(st.lists(st.sampled_from(ProductStatus), max_size=12))
    def test_walks_the_table_and_nothing_else(self, targets: list[ProductStatus]) -> None:
        subject = product()
        walked = [subject.status]
        for target in targets:
            before = subject.status
            if target is before:
                assert not subject.move_to(target)
            elif target in TRANSITIONS[before]:
                assert subject.move_to(target, reason="r")
                walked.append(target)
            else:
                with pytest.raises(IllegalTransition) as caught:
                    subject.move_to(target)
                assert caught.value.remedy
                assert subject.status is before
        assert [(t.source, t.target) for t in subject.transitions] == list(pairwise(walked))
        assert subject.version == (2 if len(walked) > 1 else 1)

    def test_the_reason_of_a_rejection_stays_until_the_next_move(self) -> None:
        subject = product(ProductStatus.IN_AUDIT)
        subject.move_to(ProductStatus.REJECTED, reason="no photo")
        assert subject.reject_reason == "no photo"
        subject.move_to(ProductStatus.DRAFT)
        assert subject.reject_reason == ""


class TestEdit:
    @pytest.mark.parametrize("status", ProductStatus)
    def test_the_sku_never_changes(self, status: ProductStatus) -> None:
        with pytest.raises(ProductLocked, match="SKU"):
            product(status).edit(replace(product().data, sku="a-1"))

    def test_the_hazard_class_is_final_after_approval_and_the_rest_is_not(self) -> None:
        subject = product(ProductStatus.APPROVED)
        with pytest.raises(ProductLocked, match="hazard"):
            subject.edit(replace(subject.data, hazard_class=""))
        assert subject.edit(replace(subject.data, title="Cup", declared=Measures(1, 2, 3, 4)))
        assert (subject.status, subject.data.title) == (ProductStatus.APPROVED, "Cup")

    def test_not_while_in_audit(self) -> None:
        subject = product(ProductStatus.IN_AUDIT)
        with pytest.raises(ProductLocked, match="audit"):
            subject.edit(replace(subject.data, title="Cup"))
        assert not subject.edit(subject.data)

    def test_a_rejected_product_becomes_a_draft(self) -> None:
        subject = product(ProductStatus.REJECTED)
        subject.edit(replace(subject.data, title="Cup"))
        assert subject.status is ProductStatus.DRAFT
        assert subject.version == 2

    def test_nothing_new_changes_nothing(self) -> None:
        subject = product()
        assert not subject.edit(replace(subject.data))
        assert (subject.changed, subject.version) == (False, 1)


class TestMeasure:
    def test_measured_wins_over_declared(self) -> None:
        subject = product()
        assert subject.measures.weight_grams == 2000
        assert subject.measure(Measures(2400, 1, 1, 1), at=AT)
        assert subject.measures.weight_grams == 2400
        assert not subject.measure(Measures(2400, 1, 1, 1), at=AT)

    def test_declaring_again_does_not_undo_it(self) -> None:
        subject = product()
        subject.measure(Measures(2400, 1, 1, 1), at=AT)
        subject.edit(replace(subject.data, declared=Measures(1, 1, 1, 1)))
        assert subject.measures.weight_grams == 2400


class TestDelete:
    @pytest.mark.parametrize("status", [ProductStatus.APPROVED, ProductStatus.IN_AUDIT])
    def test_never_after_approval(self, status: ProductStatus) -> None:
        with pytest.raises(ProductLocked):
            product(status).delete()

    def test_a_draft_can_be_made_again_under_the_same_id(self) -> None:
        subject = product()
        subject.delete()
        assert subject.deleted
        subject.revive(ProductData("A-1", "Cup"))
        assert (subject.deleted, subject.data.title, subject.status) == (False, "Cup", ProductStatus.DRAFT)


def test_a_stale_version_is_refused() -> None:
    product().expect(1)
    with pytest.raises(StaleVersion):
        product().expect(2)
