"""The mood of what customers write, in any language, and what they write about when it is low.

The company's own scored comments teach it: a comment whose answer is low (`features.mood`) is low, another
isn't. Texts are read as character n-grams (Cavnar & Trenkle 1994, N-gram-based text categorization), which
need no words, stems or spaces, so any language that the company's customers write in will do; a logistic
regression weighs them. It is judged on the newest comments, learnt from those before, and says how well it
tells them apart.
Themes are parts of the texts' n-grams that come together (non-negative matrix factorisation: Lee & Seung
1999, Nature 401), each told by its most typical text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from features.facts import seconds
from features.indicators.book import Tables, has
from features.indicators.calendar import first_day, month_of, number
from features.indicators.rules import YEAR, Rules
from features.mood import LOW_MOOD, mood

Floats = NDArray[np.float64]
SOURCES = {
    "comments": ("surveys", "comment", "responded_at"),
    "posts": ("engagement", "text", "occurred_at"),
    "tickets": ("tickets", "text", "opened_at"),
}
_MOST_LEARNT, _MOST_READ, _MOST_THEMED = 20_000, 100_000, 10_000
_FEWEST_OF_EACH, _FEWEST_TEXTS = 20, 3
"""Comments, and different ones, that a side (low or not) must have to be learnt."""
_LEARNT_SHARE = 0.75
"""Of the comments, the oldest, from which what is judged on the newest is learnt."""
_THEMES, _FEWEST_IN_THEME = 8, 3
_MOOD_COLUMNS = ("source", "month", "texts", "low", "low_share")
_THEME_COLUMNS = ("text", "texts", "texts_before")
_SEED = 0


@dataclass(frozen=True)
class Reader:
    """What tells low texts. `auc`: how often it puts a low comment above another, of the newest quarter,
    learnt from the rest; null where either has only one kind.

    `comments`: how many it was learnt from. `low`: the share of them that is low.
    """

    vectorizer: TfidfVectorizer
    model: LogisticRegression
    auc: float
    comments: int
    low: float

    def read(self, texts: list[str]) -> Floats:
        """The probability that each is low, shape (texts,)."""
        return np.asarray(self.model.predict_proba(self.vectorizer.transform(texts))[:, 1], float)


def learn(tables: Tables) -> Reader | None:
    """From the scored comments; nothing where there are too few of either kind. `tables`: cut at the day."""
    if not has(tables, "surveys.comment"):
        return None
    surveys = tables["surveys"]
    low = (mood(surveys) <= LOW_MOOD).ifelse(1, 0)
    some = surveys.mutate(text=surveys.comment.strip(), low=low, at=seconds(surveys.responded_at))
    some = some.filter(some.text != "")
    cut = (
        some.aggregate(cut=some["at"].cast("float64").quantile(_LEARNT_SHARE)).to_pyarrow()["cut"][0].as_py()
    )
    if cut is None:
        return None
    some = some.mutate(late=some["at"].cast("float64") > cut)
    found = some.group_by("text", "late").aggregate(answers=some.count(), low=some.low.sum())
    found = found.order_by(found.answers.desc(), "text", "late").limit(_MOST_LEARNT)
    return learnt(found.to_pandas().astype({"answers": "int64", "low": "int64"}))


def learnt(comments: pd.DataFrame) -> Reader | None:
    """From texts with how many `answers` came with each, how many of these were `low`, and whether `late`.

    Judged is what is learnt from those that aren't late, on those that are.
    """
    low, high = comments["low"].to_numpy(float), (comments["answers"] - comments["low"]).to_numpy(float)
    for side in (low, high):
        if side.sum() < _FEWEST_OF_EACH or comments["text"][side > 0].nunique() < _FEWEST_TEXTS:
            return None
    label, weight = np.repeat([1, 0], len(comments)), np.concatenate([low, high])
    texts, late = (np.tile(comments[name].to_numpy(), 2)[weight > 0] for name in ("text", "late"))
    label, weight = label[weight > 0], weight[weight > 0]
    vectorizer, model = _fitted(texts, label, weight)
    auc = _judged(texts, label, weight, late.astype(bool))
    total = low.sum() + high.sum()
    return Reader(vectorizer, model, auc, int(total), float(low.sum() / total))


def _fitted(texts: Any, label: Any, weight: Any) -> tuple[TfidfVectorizer, LogisticRegression]:
    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, max_features=50_000
    )
    model = LogisticRegression(C=10.0, max_iter=1_000)
    return vectorizer, model.fit(vectorizer.fit_transform(texts), label, sample_weight=weight)


def _judged(texts: Any, label: Any, weight: Any, late: NDArray[np.bool_]) -> float:
    """Null where either part of the time lacks a side."""
    if any(len(set(label[part])) < 2 for part in (late, ~late)):
        return float("nan")
    vectorizer, model = _fitted(texts[~late], label[~late], weight[~late])
    told = model.predict_proba(vectorizer.transform(texts[late]))[:, 1]
    return float(roc_auc_score(label[late], told, sample_weight=weight[late]))


def moods(tables: Tables, day: datetime, rules: Rules, reader: Reader) -> pd.DataFrame:
    """One row per source (comments, posts, tickets) and month in which somebody wrote: source, month, texts,
    low, low_share, auc.

    `low`: how many are expected to be in a low mood. `auc`: as `Reader` has it. Of each source the newest
    100,000 pairs of text and month are read. `tables`: cut at `day`, the first of a month.
    """
    parts = [_by_month(reader, name, texts) for name, texts in _texts(tables, day, rules)]
    nothing = pd.DataFrame(columns=list(_MOOD_COLUMNS))
    return (pd.concat(parts, ignore_index=True) if parts else nothing).assign(auc=reader.auc)


def _texts(tables: Tables, day: datetime, rules: Rules) -> Iterator[tuple[str, pd.DataFrame]]:
    """Per source: text, month (as a number) and how often (`n`), in the months told."""
    for name, (table, column, time) in SOURCES.items():
        if not has(tables, f"{table}.{column}"):
            continue
        rows = tables[table]
        rows = rows.filter(rows[time] >= first_day(number(day) - rules.trend_months))
        rows = rows.mutate(text=rows[column].strip(), month=month_of(rows[time]))
        rows = rows.filter(rows.text != "")
        found = rows.group_by("text", "month").aggregate(n=rows.count())
        newest = found.order_by(ibis.desc("month"), ibis.desc("n"), "text").limit(_MOST_READ).to_pandas()
        if len(newest):
            yield name, newest.astype({"n": "int64", "month": "int64"})


def _by_month(reader: Reader, name: str, texts: pd.DataFrame) -> pd.DataFrame:
    different, place = np.unique(texts["text"].to_numpy(str), return_inverse=True)
    low = reader.read(list(different))[place] * texts["n"].to_numpy(float)
    summed = texts.assign(low=low).groupby("month")[["n", "low"]].sum().reset_index()
    return pd.DataFrame(
        {
            "source": name,
            "month": [first_day(int(month)) for month in summed["month"]],
            "texts": summed["n"],
            "low": summed["low"],
            "low_share": summed["low"] / summed["n"],
        }
    )


def themes(tables: Tables, day: datetime, rules: Rules, reader: Reader) -> pd.DataFrame:
    """One row per theme of the texts in a low mood, the most frequent first: theme, text, texts,
    texts_before.

    `text`: the most typical one. `texts`, `texts_before`: written in the last twelve months and in those
    before. Sorted into themes are the 10,000 different texts most often written in the year that are rather
    low than not.
    """
    found = [texts for _, texts in _texts(tables, day, rules)]
    everything = (
        pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["text", "month", "n"])
    )
    year = everything["month"] >= number(day) - YEAR
    before = ~year & (everything["month"] >= number(day) - 2 * YEAR)
    each = everything.assign(now=everything["n"].where(year, 0), then=everything["n"].where(before, 0))
    told = each.groupby("text")[["now", "then"]].sum().sort_index().query("now > 0")
    told = told.sort_values("now", ascending=False, kind="stable").head(_MOST_THEMED)
    texts = [str(text) for text in told.index]
    low = reader.read(texts) > 1 / 2 if texts else np.zeros(0, bool)
    rows = told[low].assign(text=[text for text, is_low in zip(texts, low, strict=True) if is_low])
    if rows.empty:
        return pd.DataFrame(columns=["theme", *_THEME_COLUMNS])
    theme, loading = _themes(rows["text"].to_list(), rows["now"].to_numpy(float))
    return _told(rows.assign(theme=theme, loading=loading))


def _themes(texts: list[str], weight: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The theme of each text, and how typical it is of it; texts count by their weight."""
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=20_000)
    grams = vectors.fit_transform(texts)
    count = max(1, min(_THEMES, len(texts) // _FEWEST_IN_THEME, *(size - 1 for size in grams.shape)))
    parts = NMF(count, init="nndsvda", random_state=_SEED, max_iter=400, tol=1e-3)
    weighted = grams.multiply(np.sqrt(weight)[:, None]).tocsr()
    parts.fit(weighted)
    loadings = parts.transform(grams)
    return np.asarray(loadings.argmax(axis=1), np.int64), np.asarray(loadings.max(axis=1), float)


def _told(rows: pd.DataFrame) -> pd.DataFrame:
    typical = rows.sort_values(["loading", "now"], ascending=False).drop_duplicates("theme")
    summed = rows.groupby("theme")[["now", "then"]].sum().astype("int64")
    frame = summed.join(typical.set_index("theme")["text"])
    frame = frame.rename(columns={"now": "texts", "then": "texts_before"})[list(_THEME_COLUMNS)]
    frame = frame.sort_values(["texts", "text"], ascending=[False, True], ignore_index=True)
    return frame.assign(theme=range(1, len(frame) + 1))[["theme", *_THEME_COLUMNS]]
