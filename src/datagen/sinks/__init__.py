"""Everything that reaches the disk: files in each format, the manifest, and the step that makes a data set appear whole."""
