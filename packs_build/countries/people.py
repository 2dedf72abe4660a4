"""What the European and other locales have in common: names with titles, no numbers of American offices."""

from __future__ import annotations

Rules = dict[str, dict[str, float] | str | None]


def people(last: tuple[str, str] = ("last_name", "last_name"), *, titles: float = 0.03) -> Rules:
    """Names of women and men: first name and family name, a few with a title before them."""
    rules: Rules = {
        "name_nonbinary": {"{{name_female}}": 0.5, "{{name_male}}": 0.5},
        "prefix_nonbinary": "Dr.",
        "suffix_female": "{{suffix}}",
        "suffix_male": "{{suffix}}",
        "suffix_nonbinary": "{{suffix}}",
    }
    for gender, name in zip(("female", "male"), last, strict=True):
        rules[f"name_{gender}"] = {
            f"{{{{first_name_{gender}}}}} {{{{{name}}}}}": 1 - titles,
            f"{{{{prefix_{gender}}}}} {{{{first_name_{gender}}}}} {{{{{name}}}}}": titles,
        }
    return rules


# Numbers that only the United States have: where Faker has one of this name, it gives the country's own.
FOREIGN: Rules = dict.fromkeys(("ssn", "itin", "zipcode_plus4", "postalcode_plus4"))
SUFFIXES = ("MBA", "PhD")
