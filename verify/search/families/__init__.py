"""Claims about families of networks."""
