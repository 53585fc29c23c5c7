"""Queries made from a sentence: keywords, spans, claims and questions by rule, then the noise of people who type."""

import re

from words import STOP, words

PRONOUNS = frozenset(
    "it this these they he she there that those what which we you i one some another his her its their our such each both "
    "however but and so if when as for in on at to by with from although while because since after before".split()
)
COPULA = re.compile(r"^(?P<x>[^,;:()]{2,60}?) (?P<be>is|are|was|were) (?P<rest>[^;:()]{8,})$")
YEAR = re.compile(r"\b(?:in|since|by|after|before|during|until|around|from) (?:the |early |late )*(?:\w+ )?(1\d{3}|20\d\d)s?\b,?")
NUMBER = re.compile(r"\b(?:about |over |nearly |some |more than |at least )?\d[\d,.]*(?P<unit> percent| million| billion)? (?P<noun>[a-z]{3,})")
REASON = re.compile(r"^(?P<what>.{12,}?),? (?:because|due to|as a result of|owing to|thanks to|since|caused by) (?P<why>.+)$")
PURPOSE = re.compile(r"(?:^|\b)to (?P<do>[a-z]{3,} [^,.;:]{6,70})[,:]", re.IGNORECASE)
TOOL = re.compile(r"\b(?:use|using|uses|used) (?P<tool>[^,.;:]{2,40}?) to (?P<do>[a-z]{3,} [^,.;:]{6,70})", re.IGNORECASE)
MODAL = re.compile(r"^(?P<x>[^,;:()]{2,50}?) (?P<modal>can|may|should|must|will|does not|do not|cannot) (?P<rest>.{8,})$")
VERB = re.compile(
    r"^(?P<x>[^,;:()]{2,50}?) (?P<verb>(?:has|have|had|became|began|made|took|gave|led|won|wrote|held|found|grew|means|\w{2,}(?:es|ed|s))) (?P<rest>[^;:]{8,})$"
)
CHAT = ("hi, ", "hello! ", "quick question: ", "i was wondering ", "can someone explain ", "please tell me ", "does anyone know ", "help: ")
ABOUT = ("tell me about {}", "explain {}", "information on {}", "{} overview", "facts about {}", "how does {} work", "what is known about {}", "{} explained", "describe {}")


def shorten(text, most):
    """At most so many words; a cut leaves the beginning."""
    parts = text.split()
    return " ".join(parts[:most]).rstrip(",;:-–—")


def question(sentence, rng):
    """A question that the sentence answers, or None where no rule fits."""
    text = re.sub(r"\s*\([^()]*\)", "", sentence).strip().rstrip(".!?: ")
    made = []
    found = COPULA.match(text)
    if found and found["x"].split()[0].lower() not in PRONOUNS and len(found["x"].split()) <= 6:
        x, be, rest = found["x"], found["be"], found["rest"]
        who = "who" if len(re.findall(r"\b[A-Z][a-z]+", x)) >= 2 and be in ("is", "was") and rng.random() < 0.5 else "what"
        made += [f"what {be} {x}?", f"{who} {be} {shorten(rest, 12)}?", f"{be} {x} {shorten(rest, 9)}?"]
        made += [rng.choice((f"define {x}", f"{x} meaning", f"{x} definition", f"what does {x} mean?", f"why {be} {x} {shorten(rest, 8)}"))]
    found = YEAR.search(text)
    if found:
        rest = (text[: found.start()] + text[found.end() :]).strip(" ,")
        made += [f"when {rng.choice(('did', 'was', 'were'))} {shorten(rest, 13)}?", f"what year {shorten(rest, 12)}", f"{shorten(rest, 10)} date"]
    found = NUMBER.search(text)
    if found:
        rest = (text[: found.start()] + text[found.end() :]).strip(" ,")
        start = "what percentage of" if found["unit"] == " percent" else rng.choice(("how many", "how many", "how much"))
        made.append(f"{start} {found['noun']} {shorten(rest, 12)}?")
    found = REASON.match(text)
    if found:
        made += [f"why {rng.choice(('do', 'does', 'did', 'is', 'are'))} {shorten(found['what'], 12)}?", f"what is the reason {shorten(found['what'], 12)}", f"what happens because of {shorten(found['why'], 9)}?"]
    found = TOOL.search(text)
    if found:
        made += [f"how to {shorten(found['do'], 10)}", f"what is used to {shorten(found['do'], 10)}?", f"what is {found['tool']} used for?"]
    found = PURPOSE.search(text)
    if found:
        made += [f"how {rng.choice(('to', 'do i', 'can i', 'do you', 'would i'))} {shorten(found['do'], 10)}?"] * 2
    found = MODAL.match(text)
    if found and found["x"].split()[0].lower() not in PRONOUNS:
        modal = found["modal"].split()[0].replace("cannot", "can")
        made += [f"{modal} {found['x']} {shorten(found['rest'], 10)}?", f"what {found['modal']} {shorten(found['rest'], 10)}?"]
    found = VERB.match(text)
    if found and found["x"].split()[0].lower() not in PRONOUNS and len(found["x"].split()) <= 6:
        who = "who" if re.match(r"(?:[A-Z][a-z]+ ){2}", found["x"] + " ") else rng.choice(("what", "which"))
        made += [f"{who} {found['verb']} {shorten(found['rest'], 11)}?", f"what does {found['x']} {found['verb']}?", f"how {rng.choice(('does', 'did', 'do'))} {found['x']} {shorten(found['rest'], 8)}?"]
    return rng.choice(made) if made else None


def query_from(sentence, rarity, rng):
    """(query, kind) from a sentence of its passage. `rarity` tells how rare a word is."""
    draw = rng.random()
    if draw < 0.48:
        made = question(sentence, rng)
        if made:
            return made, "formed"
        draw = 0.48 + draw
    parts = words(sentence)
    content = [word for word in parts if word.lower() not in STOP]
    if draw < 0.70 or len(parts) < 5:
        ranked = sorted(dict.fromkeys(content), key=rarity, reverse=True)
        count = rng.choice((1, 2, 2, 3, 3, 4, 5))
        chosen = set(rng.sample(ranked[: count + 2], min(count, len(ranked[: count + 2]))))
        chosen = [word for word in dict.fromkeys(content) if word in chosen]
        if rng.random() < 0.3:
            rng.shuffle(chosen)
        text = " ".join(chosen)
        return (rng.choice(ABOUT).format(text) if rng.random() < 0.4 else text), "keywords"
    if draw < 0.80:
        rarest = max(range(len(parts)), key=lambda index: rarity(parts[index]))
        length = rng.randint(3, 10)
        start = max(0, min(rarest - rng.randint(0, length - 1), len(parts) - length))
        return " ".join(parts[start : start + length]), "span"
    drop = rng.choice((0, 0.1, 0.25))
    kept = [word for word in sentence.split() if word.lower() in STOP or rng.random() >= drop]
    return shorten(" ".join(kept), 32), "claim"


def typo(word, rng):
    """One slip of a finger."""
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[at + 1 :]


def noisy(query, synonyms, rng, paraphrase=0.15):
    """The same query as somebody else would type it."""
    result = []
    typing = rng.random() < 0.08
    terse = rng.random() < 0.12
    for word in query.split():
        bare = word.strip(".,;:?!\"'()").lower()
        if terse and bare in STOP:
            continue
        if bare in synonyms and rng.random() < paraphrase:
            word = word.lower().replace(bare, rng.choice(synonyms[bare]))
        elif typing and len(bare) > 4 and bare.isalpha() and rng.random() < 0.4:
            word, typing = word.replace(word.strip(".,;:?!\"'()"), typo(bare, rng)), False
        result.append(word)
    text = " ".join(result)
    if rng.random() < 0.35:
        text = text.rstrip("?.")
    elif rng.random() < 0.05:
        text = rng.choice(CHAT) + text
    return text or query
