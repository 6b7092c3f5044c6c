"""The bundle behind MLflow's own interface: features in, churn probability out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from models.bundle import load


class AmityModel(PythonModel):  # type: ignore[misc]
    """`predict` takes the rows that `amity features` writes."""

    def load_context(self, context: Any) -> None:
        self.bundle = load(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        return pd.DataFrame({"churn_probability": self.bundle.churn.predict(model_input)})


set_model(AmityModel())
