"""``./dev bench``: one table of figures beside their aims, from one run."""
