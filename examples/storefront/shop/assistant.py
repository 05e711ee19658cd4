"""The shop's assistant: answers questions by key phrases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

UNSURE = "I am not sure about that. A colleague will get back to you."
CHANNELS = {"web", "phone", "chat"}


@dataclass(frozen=True)
class Topic:
    intent: str
    phrases: tuple[str, ...]
    answer: str


TOPICS = [
    Topic(
        "order_status",
        ("where is my order", "order status", "track my", "tracking", "has my parcel"),
        "You find the state of every order under Account > Orders.",
    ),
    Topic(
        "delivery_time",
        ("how long does delivery", "delivery time", "when will it arrive", "how fast do you ship"),
        "Parcels arrive within one to five working days.",
    ),
    Topic(
        "shipping_cost",
        ("shipping cost", "cost of delivery", "delivery cost", "how much is shipping", "free shipping"),
        "Shipping starts at €2.95; the cart shows the exact cost.",
    ),
    Topic(
        "returns",
        ("return policy", "send it back", "send back", "return an item", "money back"),
        "You can return unused articles within 30 days.",
    ),
    Topic(
        "payment_methods",
        ("payment methods", "which cards", "accept visa", "pay by invoice", "pay by card"),
        "We accept Visa, Mastercard, bank transfer and invoice.",
    ),
    Topic(
        "loyalty",
        ("loyalty points", "my points", "bonus points", "gold tier"),
        "You earn points with every order; they are shown under Account > Points.",
    ),
    Topic(
        "gift_cards",
        ("gift card", "voucher code", "gift voucher"),
        "Gift cards are available from €10 and arrive by e-mail.",
    ),
    Topic(
        "login",
        ("forgot my password", "reset my password", "cannot log in", "can't log in"),
        "Use the link “Forgotten your password?” on the login page.",
    ),
]


def normalise(query: str) -> str:
    return " ".join(query.lower().replace("’", "'").split())


def find_topic(query: str) -> Topic | None:
    """The topic with the most key phrases in the question; the earlier one if equal."""
    text = normalise(query)
    hits = [(sum(phrase in text for phrase in topic.phrases), topic) for topic in TOPICS]
    count, topic = max(hits, key=lambda hit: hit[0])
    return topic if count else None


def answer(query: str) -> dict[str, Any]:
    topic = find_topic(query)
    if topic is None:
        return {"response": UNSURE, "intent": "unknown", "success": False}
    return {"response": topic.answer, "intent": topic.intent, "success": True}


def read_channel(value: str | None) -> str:
    return value if value in CHANNELS else "web"
