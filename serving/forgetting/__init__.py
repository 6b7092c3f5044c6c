"""A person erased wherever Amity wrote them down, and left out of what comes later."""
