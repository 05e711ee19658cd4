"""Questions of two invented platforms, put together from phrases: what is asked is known, how it is said varies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

Phrases = Mapping[str, Sequence[str]]

OPENINGS = (
    "",
    "hi, ",
    "hello there, ",
    "please help: ",
    "quick question, ",
    "excuse me, ",
    "hey ",
    "good morning, ",
    "sorry to ask but ",
)
ENDINGS = (
    "",
    "?",
    " please",
    " thanks",
    ", can you help?",
    " asap",
    " today",
    ", what should i do?",
    " as soon as possible",
    "!!",
)
THINGS = (
    "headphones", "blue jacket", "coffee grinder", "running shoes", "desk lamp", "garden hose", "winter boots", "phone case",
    "yoga mat", "rice cooker", "bicycle pump", "picture frame", "wool scarf", "board game", "water bottle", "office chair",
)  # fmt: skip

SHOP: Phrases = {
    "order_status": ("where is my order of the {thing}", "track the parcel with the {thing}", "my {thing} has not arrived yet", "when will the {thing} be delivered", "delivery of my {thing} is late"),
    "refund": ("i want my money back for the {thing}", "when do i get the refund for the {thing}", "refund of the {thing} is still missing", "you have not refunded the {thing}"),
    "return": ("how do i send back the {thing}", "i need a return label for the {thing}", "can i return the {thing} after thirty days", "return the {thing} which does not fit"),
    "cancel": ("cancel my order of the {thing}", "i changed my mind, stop the order of the {thing}", "how can i cancel the {thing} before it ships"),
    "discount": ("my coupon code is not accepted", "the discount code does not work at checkout", "where do i enter a voucher", "promo code says invalid"),
    "password": ("i forgot my password", "reset password link never arrives", "cannot log in with my password", "how do i change the password of my account"),
    "size": ("which size of the {thing} fits me", "is there a size chart for the {thing}", "does the {thing} run small or large"),
    "stock": ("when is the {thing} back in stock", "is the {thing} available again", "the {thing} is sold out, will you restock it"),
    "address": ("change the delivery address", "i moved, how do i update my address", "wrong shipping address on my order"),
    "invoice": ("i need an invoice with vat number", "send me the receipt for my tax office", "where can i download the invoice"),
    "damaged": ("the {thing} arrived broken", "my {thing} came damaged in the box", "the {thing} is defective out of the box"),
    "payment": ("my credit card was declined", "payment by card fails every time", "can i pay with paypal", "charged twice on my card"),
    "gift": ("can you wrap the {thing} as a gift", "add a gift message to the {thing}", "is gift wrapping possible for the {thing}"),
    "warranty": ("how long is the warranty on the {thing}", "is the {thing} under guarantee", "warranty claim for the {thing}"),
    "newsletter": ("unsubscribe me from the newsletter", "stop sending me marketing mails", "too many promotional e-mails"),
}  # fmt: skip
TELECOM: Phrases = {
    "outage": ("the internet is down in my street", "no connection since this morning", "wifi does not work at all", "is there an outage in my area"),
    "slow": ("my broadband is very slow", "download speed is far below my contract", "streaming buffers all evening, too slow"),
    "roaming": ("how much does roaming cost abroad", "can i use my data in another country", "switch on roaming for my holiday"),
    "sim": ("my sim card is lost", "order a replacement sim", "how do i activate the new sim card", "puk code of my sim"),
    "bill": ("why is my bill higher this month", "there is a charge on the bill i do not know", "explain the extra fee on my invoice"),
    "upgrade": ("i want a bigger data plan", "upgrade my tariff to unlimited data", "which plan has more gigabytes"),
    "leave": ("terminate my contract", "how do i cancel the contract and leave", "notice period of my contract"),
    "number": ("keep my old phone number", "port my number from another provider", "number transfer takes too long"),
    "router": ("the router keeps restarting", "how do i reset the router", "router light is red", "set up the new modem"),
    "voicemail": ("turn off voicemail", "how do i listen to my mailbox", "voicemail greeting cannot be changed"),
    "appointment": ("the technician did not come", "move my appointment with the engineer", "when does the technician visit"),
    "block": ("block my phone, it was stolen", "someone stole my mobile, lock it", "how do i bar a stolen handset"),
}  # fmt: skip


def questions(phrases: Phrases, each: int, seed: int = 7) -> list[tuple[str, str]]:
    """`each` questions of each kind with its name, in an order drawn at random."""
    random = Random(seed)
    made = [(_said(random.choice(list(ways)), random), kind) for kind, ways in phrases.items() for _ in range(each)]
    random.shuffle(made)
    return made


def _said(way: str, random: Random) -> str:
    return random.choice(OPENINGS) + way.format(thing=random.choice(THINGS)) + random.choice(ENDINGS)
