"""Buy till you die: how often a customer orders, and whether the customer is still one.

The purchase processes of the family, by name, and what each of them answers. A customer is three numbers:
`frequency`, days with an order after the first; `recency`, time from the first order to the last (0 where
there was one); `age`, time from the first order to now. The unit of time is the caller's, the same in fit and
question. What the orders are worth is in models/gamma_gamma.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol, Self

import numpy.typing as npt

from features.errors import ModelError
from models.beta_geometric import BGNBD, MBGNBD
from models.btyd_fit import Floats
from models.pareto_nbd import ParetoNBD

__all__ = ["BGNBD", "MBGNBD", "PURCHASE_MODELS", "ParetoNBD", "PurchaseModel", "purchase_model_from_dict"]


class PurchaseModel(Protocol):
    """What every purchase process of the family answers.

    Arguments of a fit are (customers,). Arguments of a question are not negative and broadcast; where one is
    null (NaN) the answer is null, and every other answer is finite.
    """

    name: ClassVar[str]

    @classmethod
    def fit(cls, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> Self: ...

    def alive(self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> Floats: ...

    def expected_orders(
        self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, horizon: npt.ArrayLike
    ) -> Floats: ...

    def no_order(
        self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, horizon: npt.ArrayLike
    ) -> Floats: ...

    def to_dict(self) -> dict[str, str | float]: ...

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> Self: ...


PURCHASE_MODELS: dict[str, type[PurchaseModel]] = {model.name: model for model in (BGNBD, MBGNBD, ParetoNBD)}


def purchase_model_from_dict(document: Mapping[str, object]) -> PurchaseModel:
    """The fitted purchase model, of whichever kind, that `to_dict` wrote.

    Raises ModelError where `document` is of no known model or is not what `to_dict` writes.
    """
    model = PURCHASE_MODELS.get(str(document.get("model")))
    if model is None:
        known = ", ".join(PURCHASE_MODELS)
        raise ModelError(f"Unknown purchase model {document.get('model')!r}; known: {known}.")
    return model.from_dict(document)
