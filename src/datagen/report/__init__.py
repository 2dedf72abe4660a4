"""The report of a data set: figures measured by SQL in the written files, and one offline page that shows them."""
