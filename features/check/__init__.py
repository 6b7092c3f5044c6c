"""Whether a source keeps to the contract, and what it unlocks."""
