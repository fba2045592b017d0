"""A region divided into parts: what each part knows, which units matter on it, where it is cut."""
