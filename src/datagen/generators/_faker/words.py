"""Words, sentences, paragraphs and texts from the word list of a locale.

A row's text is a row of a matrix of words: all words of all rows are drawn at once, those past its own length are
empty, and the row is joined. A unique text spells the row's rank in its first words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Dictionary, Values
from datagen.generators._faker.arguments import Arguments
from datagen.generators._faker.request import Maker, Request
from datagen.generators._faker.rows import Rows
from datagen.packs.locales import DEFAULT_LOCALE
from datagen.packs.reading import about, pack_locales, table

if TYPE_CHECKING:
    import polars as pl

HALF = 32  # bits of a draw that one word takes
PIECE = 8_192  # rows whose words are laid out at once: some 10 MB
MOST_WORDS = 200
MOST_TEXT = 2_000
MOST_RANKS = 1 << 62
SENTENCE_WORDS, PARAGRAPH_SENTENCES = 6, 3
CAPITAL = 2  # forms of a word: as it is, after a space, with a capital, with both


@cache
def word_list(locale: str, lower: bool = False) -> tuple[str, ...]:
    """The words of a locale; lower: in small letters, each once."""
    found = table(locale, "word")
    words = () if found is None else found.column("value")
    return tuple(dict.fromkeys(word.lower() for word in words)) if lower else words


@dataclass(frozen=True, slots=True)
class Writing:
    """How a locale writes sentences: what stands between two words, and behind the last one."""

    gap: str = " "
    stop: str = "."


@cache
def writing(locale: str) -> Writing:
    return Writing(**about(locale).get("text", {})) if locale in pack_locales() else Writing()


@cache
def _forms(locale: str, lower: bool, gap: str) -> pl.Series:
    """(4 k + 1,) every form of every word, then the empty text."""
    import polars as pl

    words = word_list(locale, lower)
    titles = [word.title() for word in words]
    return pl.Series(
        [*words, *(f"{gap}{word}" for word in words), *titles, *(f"{gap}{word}" for word in titles), ""],
        dtype=pl.String,
    )


class Words(Maker):
    """Sentences of words.

    sentences (1 or more) of words_each words; varied: each number is drawn within 40 % of it. capital: a sentence
    begins with a capital and ends with a full stop. separator: between the words of texts that are no sentences.
    lower: in small letters only.
    """

    def __init__(
        self,
        request: Request,
        *,
        sentences: int = 1,
        words_each: int = SENTENCE_WORDS,
        vary_sentences: bool = False,
        vary_words: bool = True,
        capital: bool = True,
        separator: str = " ",
        lower: bool = False,
    ) -> None:
        self.request = request
        self.locale = request.locale
        self.lower = lower
        self.count = len(word_list(self.locale, lower))
        self.sentences = _range(sentences) if vary_sentences else (sentences, sentences)
        self.words = _range(words_each) if vary_words else (words_each, words_each)
        self.vary = vary_sentences, vary_words
        self.capital, self.separator = capital, separator
        written = writing(self.locale)
        self.gap, self.stop = (written.gap if capital else " "), written.stop  # words that are no sentence stand apart
        if request.unique:
            # the words that every row has tell its rank; the first one is told apart without regard to capitals
            self._firsts = _apart(self.locale, self.lower, capital)
            self._rank_in(self.words[0])

    def _rank_in(self, most: int) -> None:
        """Lets the first words, at most so many, tell the row's rank."""
        self.ranked, self.size = 0, 1
        while self.ranked < most and self.size * self.count <= MOST_RANKS:
            self.size *= self.count if self.ranked else len(self._firsts)
            self.ranked += 1

    def fill(self, rows: Rows) -> Values:
        import polars as pl

        ranks = self.request.ranks(rows, self.size or 0) if self.request.unique else None
        pieces = [
            self._texts(
                rows.only(np.arange(start, min(start + PIECE, len(rows)))),
                None if ranks is None else ranks[start : start + PIECE],
            )
            for start in range(0, len(rows), PIECE)
        ]
        return Values("text", pl.concat(pieces) if pieces else pl.Series([], dtype=pl.String))

    def _texts(self, rows: Rows, ranks: NDArray[np.int64] | None) -> pl.Series:
        wide, tall = self.words[1], self.sentences[1]
        codes = self._draw(rows, wide * tall)
        if ranks is not None:
            for place in range(self.ranked - 1, 0, -1):
                ranks, codes[:, place] = np.divmod(ranks, self.count)
            codes[:, 0] = self._firsts[ranks]
        codes = codes.reshape(len(rows), tall, wide)
        lengths = np.stack([self._lengths(rows, sentence) for sentence in range(tall)], axis=1)
        present = np.arange(wide) < lengths[:, :, None]
        present &= (np.arange(tall) < self._sentences(rows)[:, None])[:, :, None]
        present = self._fitting(codes, present)
        form = np.ones((tall, wide), dtype=np.int64)
        form[0, 0] = 0
        if self.capital:
            form[:, 0] += CAPITAL
        forms = _forms(self.locale, self.lower, self.gap)
        texts = forms.gather(np.where(present, codes + form * self.count, len(forms) - 1).reshape(-1))
        if self.separator != " ":
            texts = texts.str.replace(" ", self.separator, literal=True)
        if self.capital:
            texts = self._with_stops(texts, present)
        return texts.reshape((len(rows), tall * wide)).arr.join("")

    def _fitting(self, codes: NDArray[np.int64], present: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of the words stay, of (n, sentences, words)."""
        return present

    def _with_stops(self, texts: pl.Series, present: NDArray[np.bool_]) -> pl.Series:
        """The last word of each sentence with its full stop."""
        import polars as pl

        last = present.copy()
        last[:, :, :-1] &= ~present[:, :, 1:]
        stop = pl.Series(["", self.stop]).gather(last.reshape(-1).astype(np.uint8))
        return pl.select(pl.concat_str([texts, stop])).to_series()

    def _draw(self, rows: Rows, words: int) -> NDArray[np.int64]:
        """(n, words) words of the list, two from each draw of 64 bits."""
        codes = np.empty((len(rows), words), dtype=np.int64)
        for pair in range((words + 1) // 2):
            bits = rows.bits(self.request.salt("word", pair))
            for half, shift in ((bits >> np.uint64(HALF), 2 * pair), (bits & np.uint64(2**HALF - 1), 2 * pair + 1)):
                if shift < words:
                    codes[:, shift] = (half * np.uint64(self.count)) >> np.uint64(HALF)
        return codes

    def _lengths(self, rows: Rows, sentence: int) -> NDArray[np.int64]:
        if not self.vary[1]:
            return np.full(len(rows), self.words[0], dtype=np.int64)
        return self.words[0] + rows.below(self.words[1] - self.words[0] + 1, self.request.salt("words", sentence))

    def _sentences(self, rows: Rows) -> NDArray[np.int64]:
        if not self.vary[0]:
            return np.full(len(rows), self.sentences[0], dtype=np.int64)
        return self.sentences[0] + rows.below(self.sentences[1] - self.sentences[0] + 1, self.request.salt("sentences"))


class Word(Maker):
    """One word of the list."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.dictionary = _dictionary(request.locale)
        if request.unique:
            self.size = len(self.dictionary)

    def fill(self, rows: Rows) -> Values:
        assert self.dictionary is not None
        size = len(self.dictionary)
        places = self.request.ranks(rows, size) if self.request.unique else rows.below(size, self.request.salt("word"))
        return Values("category", places.astype(np.uint32), dictionary=self.dictionary)


class Text(Words):
    """Sentences up to a number of characters; what would not fit is left out, the first is cut at a word."""

    def __init__(self, request: Request, most: int) -> None:
        words = word_list(request.locale)
        gap = len(writing(request.locale).gap)
        usual = SENTENCE_WORDS * (gap + sum(map(len, words)) / max(len(words), 1))
        super().__init__(request, sentences=int(most / usual) + 2)
        self.most = most
        self.longest = 1 + int(_lengths(request.locale).max(initial=0))
        if request.unique:
            # the words that tell the rank must fit whole
            self._rank_in(min(self.words[0], most // self.longest))

    def _texts(self, rows: Rows, ranks: NDArray[np.int64] | None) -> pl.Series:
        texts = super()._texts(rows, ranks)
        # a single word that is longer than the limit
        return texts.str.head(self.most) if self.longest >= self.most else texts

    def _fitting(self, codes: NDArray[np.int64], present: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The sentences that end within the limit; where not even the first does, its words, and at least one."""
        gap = len(self.gap)
        signs = np.where(present, _lengths(self.locale)[codes] + gap, 0)  # each word with what stands behind it
        sentences = np.arange(1, present.shape[1] + 1)
        # the stop of each sentence and the space behind it, where there is any: one of them is counted with the last word
        ends = signs.sum(axis=2).cumsum(axis=1) + (sentences - 1 if gap else sentences)
        fits = ends <= self.most
        kept: NDArray[np.bool_] = present & fits[:, :, None]
        short = ~fits[:, 0]
        words = signs[short, 0].cumsum(axis=1) <= self.most - (0 if gap else 1)
        words[:, 0] = True
        kept[short, 0] = present[short, 0] & words
        return kept


@cache
def _lengths(locale: str) -> NDArray[np.int32]:
    """(k,) characters of each word, as it stands at the head of a sentence or inside it."""
    return np.array([max(len(word), len(word.title())) for word in word_list(locale)], dtype=np.int32)


@cache
def _apart(locale: str, lower: bool, capital: bool) -> NDArray[np.int64]:
    """Places of words that still differ when they begin a sentence."""
    seen: dict[str, int] = {}
    for place, word in enumerate(word_list(locale, lower)):
        seen.setdefault(word.title() if capital else word, place)
    return np.array(list(seen.values()), dtype=np.int64)


@cache
def _dictionary(locale: str) -> Dictionary:
    return Dictionary(dict.fromkeys(word_list(locale)))


def _range(number: int) -> tuple[int, int]:
    """Faker's spread: 60 % to 140 % of a number, at least 1."""
    return max(1, number * 60 // 100), max(1, number * 140 // 100)


def word(request: Request) -> Maker:
    return Word(request)


def words(request: Request) -> Maker:
    """`words(nb)`: one text, the words between spaces."""
    count = Arguments(request.scope, request.arguments).whole("nb", 3, 1, MOST_WORDS)
    return Words(request, words_each=count, vary_words=False, capital=False)


def sentence(request: Request) -> Maker:
    arguments = Arguments(request.scope, request.arguments)
    count = arguments.whole("nb_words", SENTENCE_WORDS, 1, MOST_WORDS)
    return Words(request, words_each=count, vary_words=arguments.flag("variable_nb_words", True))


def sentences(request: Request) -> Maker:
    """`sentences(nb)`: one text, the sentences between spaces."""
    return Words(request, sentences=Arguments(request.scope, request.arguments).whole("nb", 3, 1, 30))


def paragraph(request: Request) -> Maker:
    arguments = Arguments(request.scope, request.arguments)
    count = arguments.whole("nb_sentences", PARAGRAPH_SENTENCES, 1, 30)
    return Words(request, sentences=count, vary_sentences=arguments.flag("variable_nb_sentences", True))


def text(request: Request) -> Maker:
    return Text(request, Arguments(request.scope, request.arguments).whole("max_nb_chars", 200, 5, MOST_TEXT))


def slug(request: Request) -> Maker:
    """`slug()`: three English words and hyphens, because an address has only ASCII letters."""
    english = replace(request, locale=DEFAULT_LOCALE)
    return Words(english, words_each=3, vary_words=False, capital=False, separator="-", lower=True)
