"""Second opinions: SQL and readers over the written files say whether a data set is what was declared and published."""
