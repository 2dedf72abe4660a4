"""Writes blocks as files, describes them in a manifest, and publishes a data set whole or not at all."""
