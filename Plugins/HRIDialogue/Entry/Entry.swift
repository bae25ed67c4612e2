// Replaced by the entry.
