"""Queries made from text, and the noise of people who type."""

import re

from bm25 import STOP, WORD

CHAT = ("hi, ", "hello! ", "quick question: ", "i was wondering ", "can someone explain ", "please tell me ", "does anyone know ", "help: ", "I need to know ")
ABOUT = ("tell me about {}", "information on {}", "{} overview", "facts about {}", "{} explained", "explain {}")
HEADING = ("{}", "{}", "{}", "{}", "tell me about {}", "explain {}", "what does it say about {}?", "info on {}", "how does {} work?", "{} guide")


def claim(sentence, rng):
    """A sentence as somebody states it: some of its asides gone, some of its words lost."""
    text = re.sub(r"\s*\([^()]*\)", "", sentence).strip()
    if rng.random() < 0.3 and "," in text:
        parts = [part.strip() for part in text.split(",")]
        longest = max(parts, key=len)
        text = longest if len(longest.split()) >= 6 else text
    if rng.random() < 0.4:
        text = " ".join(word for word in text.split() if word.lower() not in STOP or rng.random() < 0.7)
    return " ".join(text.split()[:34]).rstrip(",;:")


def keywords(row, rarity, rng):
    """A few words that a passage is about, in its order: rare ones, said twice or in its headings rather than once."""
    text = row["text"]
    found = {}
    for word in WORD.findall(text.replace("’", "'")):
        if word.lower() not in STOP and len(word) > 2 and "'" not in word and not word.isdigit():
            first, count = found.get(word.lower(), (word, 0))
            found[word.lower()] = first, count + 1
    named = set(WORD.findall(f"{row['title']} {row['section']}".lower()))
    weights = {word: min(rarity(word), 8.0) * (1.6 if count > 1 else 1.0) * (1.5 if word in named else 1.0) + rng.random() * 5 for word, (_, count) in found.items()}
    chosen = set(sorted(weights, key=weights.get, reverse=True)[: rng.choice((1, 2, 2, 2, 3, 3, 3, 4, 4, 5))])
    text = " ".join(first for word, (first, _) in found.items() if word in chosen)
    return rng.choice(ABOUT).format(text) if rng.random() < 0.2 else text


def heading(title, rng):
    """A heading as a query; the page's name in brackets may go."""
    if rng.random() < 0.6:
        title = re.sub(r"\s*\([^()]*\)\s*$", "", title) or title
    return rng.choice(HEADING).format(title)


def typo(word, rng):
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[at + 1 :]


def noisy(query, rng):
    """The same query as somebody else would type it."""
    draw = rng.random()
    if draw < 0.28:
        query = query.lower()
    elif draw < 0.30:
        query = query.upper() if len(query) < 60 else query
    if rng.random() < 0.33:
        query = query.rstrip("?. ")
    words = query.split()
    if rng.random() < 0.08:
        long = [at for at, word in enumerate(words) if len(word) > 4 and word.isalpha()]
        if long:
            at = rng.choice(long)
            words[at] = typo(words[at], rng)
    if rng.random() < 0.06 and len(words) > 5:
        kept = [word for word in words if word.strip("?,.").lower() not in STOP]
        words = kept if len(kept) >= 2 else words
    text = " ".join(words)
    return rng.choice(CHAT) + text if rng.random() < 0.04 else text
