"""Every exception that Amity raises on purpose.

AmityError           the message is one clear text for a person; the front door prints it, exits with 1
├── ConfigError      a setting in configs/, the environment or a flag
├── SourceError      a source that is not there, can't be read, or breaks the contract of the tables
├── HistoryError     the tables are sound, but there is too little in them for the job
├── ModelError       no such model, or a bundle that is damaged or doesn't fit
└── RequestError     a question that can't be answered as asked (unknown customer, bad filter)
"""

from __future__ import annotations


class AmityError(Exception):
    """The base of all; `str(error)` says what is wrong, where, what was received and what to do."""


class ConfigError(AmityError):
    """A setting is unknown, of the wrong type or out of range."""


class SourceError(AmityError):
    """A source is missing, unreadable, or breaks the contract; all its problems are told at once."""


class HistoryError(AmityError):
    """There is too little history, too few customers or too few churners for what was asked."""


class ModelError(AmityError):
    """A model version or bundle is unknown, damaged, or doesn't fit the tables at hand."""


class RequestError(AmityError):
    """A request names something that isn't there or can't be."""
