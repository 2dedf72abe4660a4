"""How the `faker` generator makes its values: forms and lists of the packs, words, addresses, dates, pools."""
