"""Words for the packaged probes of grammar and instruction following, written for this project.

A sentence with `[right/wrong]` in it stands for a minimal pair.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """A noun for a person with its own reflexive and one that does not agree with it."""

    noun: str
    own: str
    other: str


PEOPLE = (
    Person("woman", "herself", "himself"),
    Person("man", "himself", "herself"),
    Person("girls", "themselves", "himself"),
    Person("boys", "themselves", "herself"),
    Person("actress", "herself", "himself"),
    Person("king", "himself", "herself"),
    Person("queen", "herself", "himself"),
    Person("uncle", "himself", "herself"),
    Person("aunt", "herself", "himself"),
    Person("waitress", "herself", "himself"),
    Person("father", "himself", "herself"),
    Person("mother", "herself", "himself"),
    Person("children", "themselves", "himself"),
    Person("bride", "herself", "himself"),
    Person("boy", "himself", "themselves"),
    Person("girl", "herself", "themselves"),
)

REFLEXIVE_ACTIONS = (
    "looked at {} in the mirror",
    "hurt {} with a knife",
    "bought {} a new coat",
    "taught {} to swim",
)

PLACES = ("near", "behind", "beside", "above", "under", "next to", "in front of")
ADJECTIVES = ("old", "new", "clean", "dirty", "broken", "heavy", "cheap", "red", "wet", "small")

PLURALS = {
    "key": "keys",
    "table": "tables",
    "window": "windows",
    "box": "boxes",
    "lamp": "lamps",
    "chair": "chairs",
    "bottle": "bottles",
    "knife": "knives",
    "shelf": "shelves",
    "door": "doors",
    "basket": "baskets",
    "picture": "pictures",
    "tree": "trees",
    "bench": "benches",
    "ladder": "ladders",
    "clock": "clocks",
    "bucket": "buckets",
    "mirror": "mirrors",
    "bicycle": "bicycles",
    "pillow": "pillows",
    "book": "books",
    "cup": "cups",
    "plate": "plates",
    "blanket": "blankets",
    "bag": "bags",
    "car": "cars",
    "letter": "letters",
    "candle": "candles",
    "coat": "coats",
    "toy": "toys",
}

UNCOUNTED = (
    "water",
    "milk",
    "money",
    "bread",
    "rice",
    "sugar",
    "salt",
    "sand",
    "snow",
    "coffee",
    "furniture",
    "luggage",
    "traffic",
    "rain",
    "butter",
)

PARTICIPLES = {
    "eaten": ("ate", "the cake"),
    "written": ("wrote", "a letter"),
    "broken": ("broke", "the window"),
    "taken": ("took", "the money"),
    "seen": ("saw", "the movie"),
    "given": ("gave", "us a present"),
    "hidden": ("hid", "the key"),
    "chosen": ("chose", "a new dress"),
    "drawn": ("drew", "a picture"),
    "stolen": ("stole", "the car"),
    "thrown": ("threw", "the ball"),
    "worn": ("wore", "that coat before"),
    "done": ("did", "the work"),
    "shaken": ("shook", "his hand"),
    "spoken": ("spoke", "to the teacher"),
    "driven": ("drove", "to the city"),
    "flown": ("flew", "to London"),
    "grown": ("grew", "very old"),
    "known": ("knew", "him for years"),
    "blown": ("blew", "out the candles"),
    "sung": ("sang", "a song"),
    "drunk": ("drank", "the milk"),
    "begun": ("began", "to work"),
    "swum": ("swam", "across the lake"),
    "ridden": ("rode", "a horse"),
    "fallen": ("fell", "down the stairs"),
    "torn": ("tore", "the paper"),
    "frozen": ("froze", "the fish"),
    "gone": ("went", "to the beach"),
    "become": ("became", "famous"),
    "come": ("came", "home"),
}

# Who does something every day: one person and several of them.
WORKERS = {
    "nurse": "nurses",
    "teacher": "teachers",
    "farmer": "farmers",
    "doctor": "doctors",
    "student": "students",
    "boy": "boys",
    "girl": "girls",
    "neighbor": "neighbors",
    "woman": "women",
    "man": "men",
}

# What somebody does: the verb for one, the verb for several, the rest.
DAILY = (
    ("drinks", "drink", "a cup of tea"),
    ("walks", "walk", "to school"),
    ("reads", "read", "the newspaper"),
    ("goes", "go", "to the market"),
    ("works", "work", "in the garden"),
    ("plays", "play", "the piano"),
    ("cooks", "cook", "dinner"),
    ("takes", "take", "the bus"),
    ("feeds", "feed", "the birds"),
    ("washes", "wash", "the dishes"),
    ("eats", "eat", "an apple"),
    ("writes", "write", "a letter"),
    ("sings", "sing", "a song"),
    ("watches", "watch", "the news"),
    ("has", "have", "breakfast at seven"),
)

# Words after which a verb stands without an ending.
AUXILIARIES = ("can", "will", "must", "should", "did not", "does not want to")

# Verbs that cannot do without an object.
TRANSITIVE = (
    "bought",
    "found",
    "took",
    "brought",
    "wanted",
    "needed",
    "made",
    "carried",
    "used",
    "liked",
    "fixed",
)

COMPARATIVES = {
    "old": "older",
    "new": "newer",
    "heavy": "heavier",
    "cheap": "cheaper",
    "small": "smaller",
    "big": "bigger",
    "long": "longer",
    "clean": "cleaner",
    "dirty": "dirtier",
    "thick": "thicker",
}
LONG_ADJECTIVES = ("expensive", "beautiful", "useful", "important", "dangerous")

# The plural that is used, and the one that a child might build.
IRREGULAR_PLURALS = {
    "children": "childs",
    "men": "mans",
    "women": "womans",
    "feet": "foots",
    "teeth": "tooths",
    "mice": "mouses",
    "geese": "gooses",
    "sheep": "sheeps",
    "oxen": "oxes",
    "leaves": "leafs",
    "wolves": "wolfs",
    "loaves": "loafs",
    "thieves": "thiefs",
    "calves": "calfs",
    "knives": "knifes",
    "wives": "wifes",
    "shelves": "shelfs",
    "policemen": "policemans",
}

AFTER_AN = (
    "apple",
    "orange",
    "egg",
    "umbrella",
    "island",
    "elephant",
    "uncle",
    "onion",
    "engine",
    "actor",
    "old man",
    "empty box",
    "ugly dog",
    "open door",
    "angry boy",
)
AFTER_A = (
    "banana",
    "pear",
    "house",
    "dog",
    "table",
    "river",
    "friend",
    "car",
    "yellow hat",
    "small bird",
    "new house",
    "tall tree",
    "bridge",
    "castle",
    "kitchen",
    "uniform",
)

# A pronoun as the subject and as the object.
PRONOUNS = {"I": "me", "he": "him", "she": "her", "we": "us", "they": "them"}
SUBJECT_FRAMES = ("Yesterday {} went to the beach.", "Last week {} bought a car.", "Maybe {} will come tomorrow.")
OBJECT_FRAMES = ("The teacher saw {} in the garden.", "The old woman gave {} a present.", "This letter is for {}.")

NEGATIONS = (
    "She eats neither meat [nor/or] fish.",
    "He can neither read [nor/or] write.",
    "It was neither hot [nor/or] cold.",
    "They have neither money [nor/or] friends.",
    "We neither saw [nor/or] heard him.",
    "You can have either tea [or/nor] coffee.",
    "The baby is either hungry [or/nor] tired.",
    "Nobody has [ever/never] been there.",
    "Nothing has [ever/never] scared her.",
    "No one would [ever/never] believe him.",
)

PREPOSITIONS = (
    "She is afraid [of/at] dogs.",
    "He is good [at/of] chess.",
    "We are proud [of/on] our son.",
    "They are interested [in/at] music.",
    "I am tired [of/at] waiting.",
    "The glass is full [of/at] water.",
    "He is married [to/of] a teacher.",
    "She is waiting [for/of] the bus.",
    "They are listening [to/of] the radio.",
    "He is looking [for/of] his keys.",
    "It depends [on/of] the weather.",
    "She believes [in/at] God.",
    "He laughed [at/in] the joke.",
    "We talked [about/at] the weather.",
    "I agree [with/at] you.",
    "This house belongs [to/at] my uncle.",
    "She thanked him [for/of] his help.",
    "They arrived [at/to] the station.",
    "He is allergic [to/of] milk.",
    "She is different [from/at] her sister.",
    "The book consists [of/at] two parts.",
    "He asked her [for/of] help.",
    "They are responsible [for/of] the damage.",
    "She reminds me [of/at] my mother.",
    "He died [of/at] cancer.",
    "She was born [in/at] July.",
    "He suffers [from/at] headaches.",
    "She congratulated him [on/of] his success.",
    "He insisted [on/of] paying.",
    "She is famous [for/of] her songs.",
    "The room smells [of/at] smoke.",
    "We are ready [for/of] the test.",
)

# What somebody did, with the form that does not go with a day that is past.
YESTERDAY = (
    "[drank/drinks] a cup of tea",
    "[walked/walks] to school",
    "[went/goes] to the market",
    "[worked/works] in the garden",
    "[played/plays] the piano",
    "[cooked/cooks] dinner",
    "[took/takes] the bus",
    "[fed/feeds] the birds",
    "[washed/washes] the dishes",
    "[ate/eats] an apple",
    "[wrote/writes] a letter",
    "[sang/sings] a song",
)

# What was done to what.
PASSIVES = (
    "cake was [eaten/ate]",
    "letter was [written/wrote]",
    "window was [broken/broke]",
    "money was [taken/took]",
    "key was [hidden/hid]",
    "dress was [chosen/chose]",
    "picture was [drawn/drew]",
    "car was [stolen/stole]",
    "ball was [thrown/threw]",
    "song was [sung/sang]",
    "paper was [torn/tore]",
    "bus was [driven/drove]",
)

# An action as a noun, as a bare verb, and the rest.
ACTIONS = (
    ("swimming", "swim", "in the lake"),
    ("reading", "read", "in bed"),
    ("cooking", "cook", "for friends"),
    ("singing", "sing", "in the choir"),
    ("walking", "walk", "in the rain"),
    ("playing", "play", "chess"),
    ("learning", "learn", "English"),
    ("writing", "write", "letters"),
)
BEFORE_A_NOUN = ("enjoys", "keeps", "avoids", "dislikes")
BEFORE_A_VERB = ("wants to", "hopes to", "decided to", "likes to")

ADVERBS = {
    "carefully": "careful",
    "quickly": "quick",
    "slowly": "slow",
    "quietly": "quiet",
    "gently": "gentle",
    "suddenly": "sudden",
}
DEEDS = ("opened the door", "closed the window", "picked up the box", "put down the cup")

POSSESSIVES = {"my": "mine", "your": "yours", "her": "hers", "our": "ours", "their": "theirs"}

SPANS = ("three years", "two weeks", "a long time", "ten days", "many months", "six hours", "half a century", "a year")
STARTS = ("Monday", "last summer", "yesterday", "the war", "May", "last week", "her birthday", "Christmas")

WORDS = (
    "lantern",
    "river",
    "pencil",
    "garden",
    "winter",
    "basket",
    "silver",
    "planet",
    "bridge",
    "candle",
    "forest",
    "button",
    "island",
    "orange",
    "castle",
    "dragon",
    "mirror",
    "window",
    "pepper",
    "rocket",
    "summer",
    "turtle",
    "violin",
    "wallet",
    "anchor",
    "blanket",
    "cotton",
    "dinner",
    "engine",
    "feather",
    "guitar",
    "hammer",
    "jacket",
    "kitten",
    "ladder",
    "marble",
    "needle",
    "pillow",
    "rabbit",
    "saddle",
    "bottle",
    "butter",
    "camera",
    "carpet",
    "copper",
    "desert",
    "donkey",
    "farmer",
    "finger",
    "garlic",
    "harbor",
    "helmet",
    "insect",
    "jungle",
    "kettle",
    "letter",
    "lizard",
    "magnet",
    "market",
    "monkey",
    "napkin",
    "office",
    "oyster",
    "parrot",
    "pirate",
    "pocket",
    "potato",
    "ribbon",
    "salmon",
    "school",
    "shadow",
    "spider",
    "statue",
    "ticket",
    "tomato",
    "tunnel",
    "valley",
    "velvet",
    "walnut",
    "zipper",
)
