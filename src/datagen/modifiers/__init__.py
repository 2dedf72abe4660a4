"""Changes the values of a column. One file per word of the language; the file name is the word."""
