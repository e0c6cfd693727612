"""What the shops of the example reply: for each matter a step that helps, and phrases that help nobody."""

from __future__ import annotations

STEPS: dict[str, tuple[str, ...]] = {
    "account": (
        "I have sent a new link to the e-mail you wrote from; it works for one hour",
        "I have unlocked your login, so please choose a new password now",
    ),
    "billing": (
        "I have asked our bank to return the sum; it is with you in three days",
        "a corrected invoice is attached, and nothing more is owed",
    ),
    "cancellation": (
        "I have stopped the order, and nothing will be charged",
        "your contract ends on the last of this month, as the confirmation says",
    ),
    "damage": (
        "a new one leaves us tomorrow, and the driver takes the broken one back",
        "please send me one picture, and I return the price the same day",
    ),
    "delivery": (
        "the courier brings it tomorrow between nine and twelve",
        "I have found it at the depot in the next street; it is kept there for you",
    ),
    "question": (
        "yes, it does, and the measures are on the second page of the sheet I attach",
        "the warranty covers it for two years from the day you bought it",
    ),
}

CARE = (
    "If that does not suit you, answer this mail and it comes to me.",
    "My number is below should anything else go wrong with it.",
    "You need to do nothing else.",
)
"""What a helpful reply may add."""

PHRASES = (
    "We are sorry to hear about your experience and value your feedback.",
    "Your satisfaction is our highest priority at all times.",
    "Our team is working hard to serve you as well as possible.",
    "Please note that processing may take some time.",
    "You can find a wide range of information on our page.",
    "We kindly ask for your patience and understanding.",
    "Should the matter persist, please contact the responsible department.",
)
"""What says nothing."""

REFUSALS = ("We cannot help with this.", "Please see our terms.", "This is not our fault.", "Ask somebody else.")
"""What is short and helps nobody."""
