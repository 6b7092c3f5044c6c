"""A model of a table of one's own behind MLflow's interface: its columns in, churn probability out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from models.own_table import load


class OwnTableModel(PythonModel):  # type: ignore[misc]
    """`predict` takes rows with the columns of the table that it was trained on."""

    def load_context(self, context: Any) -> None:
        self.model = load(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        return pd.DataFrame({"churn_probability": self.model.predict(self.model.read(model_input))})


set_model(OwnTableModel())
