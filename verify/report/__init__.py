"""From a verdict to something that a person or a program reads, and back again (``recheck``)."""
