"""Questions whose answer takes two or three passages: made-up places, firms and things, with labelled facts.

    python3 train/stories.py            # prints a world

A world is a list of passages with the questions on it. Only the first fact of a question shares a word with it; every
further one is found by a name that the fact before it says. Names, wordings and prose of train and test are apart."""

import hashlib
import random
import re
from dataclasses import dataclass

from corpus import TEST, TRAIN, data_folder, read_lines, split_of

# Kinds of things, by what stands around their names. Every kind has several forms, so that a form tells nothing.
KINDS = {
    "thing": ("the {} lantern", "the {} astrolabe", "the {} clock", "the {} harp", "the {} globe", "the {} loom", "the {} chest", "the {} mask"),
    "house": ("{} Mill", "{} Abbey", "{} Tower", "{} Manor", "{} Hall", "{} Lodge"),
    "firm": ("{} Orchards", "{} Brothers", "{} Textiles", "{} Foundries", "{} Shipping"),
    "town": ("{}", "{}ford", "{}ham", "Upper {}", "Port {}"),
    "river": ("the {} Water", "the {} Beck", "the {}"),
    "feast": ("{} Night", "{} Week", "the {} Fair"),
    "workshop": ("the {} studio", "{} and Daughters", "the {} atelier"),
    "mine": ("{} Pit", "{} Quarry", "the {} diggings"),
    "guild": ("the {} League", "the {} Circle", "the {} Chamber"),
    "ship": ("the {} Star", "the {} Gull", "the {} Arrow"),
    "dish": ("{} stew", "{} pie", "{} dumplings"),
    "lake": ("Lake {}", "{} Tarn", "{} Mere"),
}  # fmt: skip

# From a head to a tail: what passages say, and what questions call the tail. {h} and {t} are names, {x} what is asked about.
# Of each pair of lists the first trains, the second judges. A question's wording and a passage's share no word.
RELATIONS = {
    ("thing", "house"): ((("{h} is kept in {t}.", "Visitors can admire {h} at {t}.", "Since the fire, {h} has stood behind glass in {t}."),
                          ("{t} shelters {h} these days.", "Whoever comes to see {h} has to go to {t}.")),
                         (("the building that holds {x}", "the site which displays {x}"), ("the edifice that has {x} on exhibit", "the address where one would find {x}"))),
    ("thing", "workshop"): ((("{h} was built by {t}.", "{t} made {h} to order.", "It took {t} nine months to finish {h}."),
                             ("{h} left the benches of {t} one winter.", "The stamp of {t} is on {h}.")),
                            (("the manufacturer of {x}", "the craftspeople behind {x}"), ("the producer of {x}", "those who constructed {x}"))),
    ("house", "firm"): ((("{h} belongs to {t}.", "{t} bought {h} at auction.", "The deeds of {h} name {t}."),
                         ("{h} was purchased by {t}.", "Rent for {h} goes to {t}.")),
                        (("the owner of {x}", "the proprietor of {x}"), ("the possessor of {x}", "the landlord of {x}"))),
    ("house", "town"): ((("{h} stands in {t}.", "You reach {h} from the market of {t}.", "{h} lies on the edge of {t}."),
                         ("{t} grew up around {h}.", "From every street of {t} one sees {h}.")),
                        (("the locality of {x}", "the village near {x}"), ("the settlement closest to {x}", "the municipality where {x} is situated"))),
    ("workshop", "mine"): ((("{t} delivers ore to {h}.", "{h} buys all its copper from {t}.", "The brass that {h} melts is dug at {t}."),
                            ("Carts bring metal from {t} to {h}.", "Without tin from {t}, {h} would have to close.")),
                           (("the supplier of {x}", "the source of raw materials for {x}"), ("the place that provides {x} with stuff to work on", "the origin of what {x} processes"))),
    ("workshop", "town"): ((("{h} has its benches in {t}.", "The door of {h} opens on a lane in {t}.", "{h} moved to {t} long ago."),
                            ("Half of {t} learned a trade at {h}.", "{h} pays its taxes in {t}.")),
                           (("the community where {x} works", "the location of {x}"), ("the home of {x}", "the base of {x}"))),
    ("firm", "guild"): ((("{h} is a member of {t}.", "{t} admitted {h} last year.", "{h} signed the charter of {t}."),
                         ("{h} pays dues to {t}.", "{t} counts {h} among its own.")),
                        (("the association that {x} joined", "the federation including {x}"), ("the union to which {x} adheres", "the trade body of {x}"))),
    ("firm", "ship"): ((("{h} sends its goods on {t}.", "{t} carries the cargo of {h}.", "The captain of {t} is paid by {h}."),
                        ("{t} flies the flag of {h}.", "{h} had {t} launched.")),
                       (("the vessel of {x}", "the boat that {x} runs"), ("the craft operated by {x}", "the freighter used by {x}"))),
    ("town", "river"): ((("{t} flows past {h}.", "The bridges of {h} cross {t}.", "In some years {t} floods {h}."),
                         ("{h} was founded on the banks of {t}.", "{t} turns the wheels of {h}.")),
                        (("the stream beside {x}", "the current that touches {x}"), ("the watercourse at {x}", "the brook next to {x}"))),
    ("town", "feast"): ((("Every spring {h} celebrates {t}.", "{t} fills the squares of {h}.", "Musicians come to {h} for {t}."),
                         ("The people of {h} dance at {t}.", "{h} hangs out its banners for {t}.")),
                        (("the festival of {x}", "the yearly holiday in {x}"), ("the annual party of {x}", "the great event in {x}"))),
    ("feast", "dish"): ((("At {h} everyone eats {t}.", "{t} is cooked for {h}.", "Stalls sell {t} during {h}."),
                         ("No {h} passes without a bowl of {t}.", "Children wait all year for {h} because of {t}.")),
                        (("the food served on {x}", "the meal that goes with {x}"), ("the speciality tasted on {x}", "the traditional course of {x}"))),
    ("river", "lake"): ((("{h} rises in {t}.", "{h} springs from {t}.", "Trout swim down {h} from {t}."),
                         ("{t} empties into {h}.", "The first mile of {h} leads away from {t}.")),
                        (("the origin of {x}", "the basin that feeds {x}"), ("the beginning of {x}", "the body that {x} starts from"))),
    ("ship", "town"): ((("{h} ties up at {t}.", "{h} spends the winter in {t}.", "Nobody in {t} has missed {h} coming in."),
                        ("The quays of {t} were dredged for {h}.", "{h} was registered in {t}.")),
                       (("the harbour of {x}", "the haven that {x} calls home"), ("the anchorage of {x}", "the berth of {x}"))),
    ("guild", "house"): ((("{h} meets in {t}.", "The archive of {h} fills a wing of {t}.", "Votes of {h} are counted in {t}."),
                          ("Portraits in {t} show the masters of {h}.", "{h} has hired {t} for its assemblies.")),
                         (("the headquarters of {x}", "the seat of {x}"), ("the premises of {x}", "the venue where {x} gathers"))),
}  # fmt: skip
ASKED = (("What is {}?", "Which is {}?", "I need to know {}."), ("Name {}.", "Tell me {}, please.", "Do you know {}?"))
MORE = (("It is a quiet place.", "Few strangers know that.", "That was in the papers.", "Some say otherwise.", "This has not changed.", ""),
        ("Old letters mention it.", "Everybody agrees on that.", "A plaque says so.", "Nothing else is recorded.", ""))  # fmt: skip
COMMON = set("a an and at for from has have i in into is it its of on one that the them they this those to was were what where which who with would".split())
SYLLABLES = ("b br d dr f fl g gl h j k kr l m n p pr r s sk sl st t th tr v w z".split(), "a e i o u ae ia oa ei".split(), "ck l ld m n nd r rn s sh sk ss t th v x".split())


@dataclass
class Question:
    text: str
    facts: list  # places in the world's passages, in the order in which they lead to the answer


@dataclass
class World:
    passages: list
    questions: list


def words(text):
    return {word for word in re.findall(r"\w+", text.lower()) if word not in COMMON}


class Writer:
    """Writes worlds of one side: train or test."""

    def __init__(self, split, seed):
        self.test = split == TEST
        self.draw = random.Random(f"{split} {seed}")
        self.used = set()
        rows = read_lines(data_folder() / "passages" / "short-passages.jsonl.gz")
        self.prose = [row["text"] for row in rows if 40 < len(row["text"]) < 120 and split_of("short-passages", row["source"], row["title"]) == TRAIN]
        self.prose = self.prose[1::2] if self.test else self.prose[::2]

    def name(self):
        while True:
            parts = [self.draw.choice(SYLLABLES[0]) + self.draw.choice(SYLLABLES[1]) + (self.draw.choice(SYLLABLES[2]) if last or self.draw.random() < 0.4 else "") for last in (False, True)]
            name = "".join(parts).capitalize()
            # What a name hashes to says whose it is.
            if name not in self.used and (hashlib.sha1(name.encode()).digest()[0] < 80) == self.test:
                self.used.add(name)
                return name

    def entity(self, kind):
        return self.draw.choice(KINDS[kind]).format(self.name())

    def fact(self, relation, head, tail):
        text = self.draw.choice(RELATIONS[relation][0][self.test]).format(h=head, t=tail)
        return " ".join(part for part in (text[0].upper() + text[1:], self.draw.choice(MORE[self.test])) if part)

    def chain(self, hops):
        """(question, its facts, other passages about the same names)."""
        kind = self.draw.choice(("thing", "thing", "house", "workshop", "firm", "town", "ship", "guild"))
        asked_about = name = self.entity(kind)
        phrase, facts, near = name, [], []
        for _ in range(hops):
            onward = [relation for relation in RELATIONS if relation[0] == kind]
            if not onward:
                return None
            relation = self.draw.choice(onward)
            tail = self.entity(relation[1])
            phrase = self.draw.choice(RELATIONS[relation][1][self.test]).format(x=phrase)
            facts.append(self.fact(relation, name, tail))
            for other in onward:
                if other != relation:
                    near.append(self.fact(other, name, self.entity(other[1])))
            kind, name = relation[1], tail
        question = self.draw.choice(ASKED[self.test]).format(phrase)
        about = words(asked_about)
        apart = not any(words(fact) & words(question) - (about if at == 0 else set()) for at, fact in enumerate(facts))
        return (question, facts, near) if apart else None

    def world(self, questions=8, passages=64):
        """So many questions, half of them of two and half of three facts, and prose up to so many passages."""
        listed, made = [], []
        while len(made) < questions:
            found = self.chain(2 + len(made) % 2)
            if not found:
                continue
            question, facts, near = found
            made.append(Question(question, list(range(len(listed), len(listed) + len(facts)))))
            listed += facts + near
        listed += self.draw.sample(self.prose, max(0, passages - len(listed)))
        order = list(range(len(listed)))
        self.draw.shuffle(order)
        places = {old: new for new, old in enumerate(order)}
        for question in made:
            question.facts = [places[fact] for fact in question.facts]
        return World([listed[old] for old in order], made)


def main():
    for split in (TRAIN, TEST):
        world = Writer(split, 0).world()
        print(f"{split}: {len(world.passages)} passages")
        for question in world.questions:
            print(question.text, *(world.passages[fact] for fact in question.facts), sep="\n    ")


if __name__ == "__main__":
    main()
