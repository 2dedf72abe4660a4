"""From a schema to functions: names are resolved, parts bound, what cannot be made is refused."""
