"""What customers of the example say: for each label ways to say it, and what is said around it whatever the label."""

from __future__ import annotations

COMPLAINTS: dict[str, tuple[str, ...]] = {
    "account": (
        "I cannot sign in since yesterday",
        "the page does not take my password any more",
        "the code for signing in never reaches my phone",
        "my profile still shows my old surname",
        "someone else seems to be using my login",
        "the reset link says it has run out",
        "I am locked out after three tries",
        "please change the e-mail you have for me",
    ),
    "billing": (
        "I was charged twice for one order",
        "the sum on the invoice is not what we agreed",
        "the discount was left out when I paid",
        "my card was debited although I paid by transfer",
        "I never got an invoice for the last purchase",
        "there is a fee on the bill that nobody told me of",
        "the money you owe me has not come back yet",
        "the tax on the receipt is wrong",
    ),
    "cancellation": (
        "I want to call off what I ordered on Monday",
        "please stop my subscription at the end of the month",
        "I changed my mind and do not need it any more",
        "how do I get out of the yearly plan",
        "do not send the second order, I no longer want it",
        "I would like to withdraw from the contract",
        "end my membership, please",
        "take me off the monthly box",
    ),
    "damage": (
        "it arrived with a crack across the front",
        "one leg was broken off in the box",
        "the glass was in pieces when I opened it",
        "there is a deep scratch on the lid",
        "it stopped working after two days",
        "the handle came loose the first time I used it",
        "the cloth has a hole in it",
        "it leaks from below and smells burnt",
    ),
    "delivery": (
        "nothing has arrived and the tracking stands still",
        "the courier left it with a neighbour I do not know",
        "it was promised for last week",
        "the driver went to the wrong address",
        "only half of my order was in the van",
        "it says delivered but there is nothing at the door",
        "can you send it to my office instead",
        "the parcel has been in the depot for days",
    ),
    "question": (
        "do you have it in a larger size",
        "which battery goes into it",
        "can it be washed at sixty degrees",
        "is it safe for small children",
        "how long does the warranty last",
        "does it fit the older model as well",
        "when will the green one be back in stock",
        "are the colours as in the picture",
    ),
}

OPENINGS = (
    "Hello,", "Good morning,", "Dear team,", "Hi there,", "To whom it may concern:", "Good evening,", "Hey,", "Dear sir or madam,",
    "Hello again,", "Hi,",
)  # fmt: skip

PRODUCTS = (
    "the oak bookshelf", "a pair of hiking boots", "the espresso machine", "the garden hose", "a woollen blanket",
    "the reading lamp", "the kitchen scale", "a set of saucepans", "the folding bicycle", "a winter coat", "the tent for four",
    "the sewing machine", "a leather suitcase", "the record player", "the bird feeder", "a fountain pen", "the aquarium",
    "the rocking chair", "a rain jacket", "the wall clock",
)  # fmt: skip

ASIDES = (
    "I have been a customer for years and this is new to me.",
    "My sister bought the same one in spring and was happy with it.",
    "We leave for the holidays on Friday.",
    "I tried to ring you but nobody took the call.",
    "It was meant as a birthday present for my father.",
    "I wrote about this before and had no reply.",
    "The weather here has been dreadful, by the way.",
    "Your shop was recommended to me by a colleague.",
    "I only found the time to write today.",
    "My neighbours are waiting for theirs too.",
    "The lady in the branch could not help me.",
    "I am usually at home after six.",
)  # fmt: skip

CLOSINGS = (
    "Thank you.", "Please get back to me soon.", "Kind regards.", "I look forward to your answer.", "Many thanks in advance.",
    "Please let me know.", "Best wishes.", "What do you suggest?", "Greetings.", "Yours faithfully.",
)  # fmt: skip
