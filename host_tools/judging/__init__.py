"""Was video running before it? Uses of a weapon, recordings of cameras, what ties them, and the verdict. From journals
alone."""
