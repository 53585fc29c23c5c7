"""Words as retrieval sees them: stems, stop words, and synonyms from WordNet where it is installed."""

import re
from collections import defaultdict
from pathlib import Path

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
STOP = frozenset(
    "a an the of in on at to for from by with as and or but nor if then than that this these those there here it its it's "
    "is are was were be been being am do does did done doing have has had having can could may might must shall should "
    "will would not no so such own same very too also just only about into over under out up down off again once more "
    "most other some any each both few all i me my we us our you your he him his she her they them their what which who "
    "whom whose when where why how get got make made use used using one many much s t don't let please tell explain".split()
)
ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ed", "ies", "ily", "es", "s", "ly", "y", "e")
WORDNET = Path("/usr/share/wordnet")


def words(text):
    return WORD.findall(text)


def stem(word):
    word = word.lower().replace("’", "'").split("'")[0]
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4 and not word.endswith("ss"):
            return word[: -len(ending)]
    return word


def content_stems(text):
    """The stems that say what a text is about, in order, each once."""
    return list(dict.fromkeys(stem(word) for word in words(text) if word.lower() not in STOP))


def synonyms(folder=WORDNET):
    """word -> words whose most frequent sense is the same one; empty without Debian's `wordnet-base`."""
    if not folder.exists():
        return {}
    senses = {}  # word -> (how many of its senses a tagged corpus has seen, its first sense)
    for part in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"index.{part}").read_text(encoding="utf-8").splitlines():
            fields = line.split()
            if line.startswith(" ") or "_" in fields[0] or fields[0] in STOP:
                continue
            pointers = int(fields[3])
            tagged = int(fields[5 + pointers])
            if tagged > senses.get(fields[0], (0, None))[0]:
                senses[fields[0]] = (tagged, (part, fields[6 + pointers]))
    members = defaultdict(list)
    for word, (_, sense) in senses.items():
        members[sense].append(word)
    return {word: [other for other in members[sense] if other != word] for word, (_, sense) in senses.items() if len(members[sense]) > 1}
