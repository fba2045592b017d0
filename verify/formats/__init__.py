"""File formats in and out. Each module loads its library when it is used, so importing this package is cheap."""
