"""The kinds of visits customers make, each a short list of requests."""

from __future__ import annotations

from typing import Callable

from simulated.questions import OPEN_QUESTIONS, PHRASINGS, TOPIC_QUESTIONS, WISHES
from simulated.shopper import GARDEN, STUDIO, VOUCHERS, Call, Shopper, Visit, backend, get, post

CATEGORIES = ["kitchen", "lighting", "textiles", "toys", "office"]
COUNTRIES = ["DE", "FR", "NL", "PL"]
CHANNELS = ["web", "web", "chat", "chat", "phone"]


def browse(s: Shopper) -> Visit:
    category = s.rng.choice(CATEGORIES)
    calls = [get("/products", category=category, sort=s.rng.choice(["name", "price", "newest"]))]
    for _ in range(s.rng.randrange(1, 4)):
        product = s.product()
        calls.append(get(f"/products/{product}"))
        if s.rng.random() < 0.5:
            calls.append(get(f"/products/{product}/reviews"))
    return Visit(s.customer(), calls)


def find(s: Shopper) -> Visit:
    word = s.rng.choice(["mug", "lamp", "oak", "blue towel", "puzzle", "nordic rug", "notebook"])
    query = {"q": word}
    if s.rng.random() < 0.3:
        query["price"] = s.rng.choice(["10-40", "20-60", "5-25"])
    calls = [get("/search/suggest", q=word.title()[:3]), get("/search", **query)]
    calls.append(get(f"/categories/{s.rng.choice(CATEGORIES)}/facets"))
    return Visit(s.customer(), calls)


def check_article(s: Shopper) -> Visit:
    product = s.product()
    return Visit(s.customer(), [get(f"/products/{product}"), get(f"/products/{product}/availability")])


def account(s: Shopper) -> Visit:
    customer = s.customer()
    pages = ["", "/address", "/loyalty", "/points", "/orders", "/activity", "/cart"]
    chosen = s.rng.sample(pages, 3)
    return Visit(customer, [get(f"/customers/{customer}{page}") for page in chosen])


def app_start(s: Shopper) -> Visit:
    """What the phone app asks for when it opens."""
    customer = 16 * s.rng.randrange(1, 24) + s.rng.choice([1, 2, 3, 4, 6, 7, 8, 10, 11, 12])
    base = f"/api/customer/{customer}"
    pages = s.rng.sample(["", "/profile", "/recommendations", "/notifications"], 2)
    return Visit(customer, [backend("GET", base + page) for page in [*pages, "/notifications/count"]])


def change_language(s: Shopper) -> Visit:
    customer = 16 * s.rng.randrange(1, 24) + 2
    body = {"language": s.rng.choice(["de", "fr", "en"])}
    return Visit(customer, [backend("PUT", f"/api/customer/{customer}/profile", body)])


def fill_cart(s: Shopper) -> Visit:
    customer, quantities = s.customer(), s.quantities(s.rng.randrange(1, 4))
    code = s.rng.choice([None, None, "WELCOME10", "autumn15", "SPRING20"])
    return Visit(customer, [
        Call("PUT", f"/customers/{customer}/cart", {"quantities": quantities}),
        get(f"/customers/{customer}/cart"),
        post("/cart/quote", quantities=quantities, code=code),
    ])


def order(s: Shopper) -> Visit:
    customer, quantities = s.customer(), s.quantities()
    while customer in s.used:
        customer = s.customer()
    slot = {"region": s.rng.choice(["north", "south"]), "day": f"2026-12-{s.rng.randrange(1, 21):02d}"}
    return Visit(customer, [
        post("/shipping/quote", quantities=quantities, country=s.rng.choice(COUNTRIES)),
        get("/delivery-slots/next", **slot),
        post("/orders", customer_id=customer, quantities=quantities, note="Ring twice"),
        post("/payments/events", reference="{order}", event="authorised"),
        get("/orders/{order}"),
    ])


def review(s: Shopper) -> Visit:
    customer, product = s.customer(), s.product()
    rating, text = s.rng.randrange(3, 6), s.rng.choice([None, "Very nice", "As described"])
    body = {"customer_id": customer, "rating": rating, "text": text}
    return Visit(customer, [get(f"/products/{product}"), post(f"/products/{product}/reviews", **body)])


def manage(s: Shopper) -> Visit:
    month = f"2026-0{s.rng.randrange(1, 9)}"
    calls = [get("/reports/sales", month=month), get("/reports/low-stock"), get("/health")]
    return Visit(s.customer(), calls)


def buy_gift(s: Shopper) -> Visit:
    customer, amount = s.customer(), s.rng.choice(["25", "50.00", "€ 15", "30"])
    return Visit(customer, [post("/gift-cards", customer_id=customer, amount=amount)])


def ask(s: Shopper) -> Visit:
    kind = s.rng.random()
    groups = TOPIC_QUESTIONS if kind < 0.5 else OPEN_QUESTIONS if kind < 0.78 else WISHES
    question = s.rng.choice(groups[s.rng.choice(sorted(groups))])
    query = s.rng.choice(PHRASINGS).format(question)
    calls = [post("/ask", query=query, channel=s.rng.choice(CHANNELS))]
    if s.rng.random() < 0.35:
        score = s.rng.choice([4, 5, 5, 3] if kind < 0.5 else [1, 1, 2, 3])
        calls.append(post("/ask/{interaction}/feedback", score=score))
    return Visit(s.customer(), calls)


def mistyped_link(s: Shopper) -> Visit:
    path = s.rng.choice(["/products/9040", "/customers/8123", "/orders/C9000-1", "/product/12"])
    return Visit(s.customer(), [get(path)])


def studio_piece(s: Shopper) -> Visit:
    return Visit(s.customer(), [get("/products", category="studio"), get(f"/products/{s.rng.choice(STUDIO[::2])}")])


def studio_opinions(s: Shopper) -> Visit:
    product = s.rng.choice(STUDIO[1::2])
    return Visit(s.customer(), [get(f"/products/{product}"), get(f"/products/{product}/reviews")])


def garden_filter(s: Shopper) -> Visit:
    return Visit(s.customer(), [get("/products", category="garden"), get("/categories/garden/facets")])


def garden_delivery(s: Shopper) -> Visit:
    quantities = {s.sku(GARDEN): s.rng.randrange(2, 5)}
    return Visit(s.customer(), [post("/shipping/quote", quantities=quantities, country=s.rng.choice(COUNTRIES))])


def voucher_available(s: Shopper) -> Visit:
    product = s.product(VOUCHERS)
    return Visit(s.customer(), [get(f"/products/{product}"), get(f"/products/{product}/availability")])


def rural_address(s: Shopper) -> Visit:
    customer = s.customer(1)
    return Visit(customer, [get(f"/customers/{customer}"), get(f"/customers/{customer}/address")])


def founder_status(s: Shopper) -> Visit:
    customer = s.customer(2)
    return Visit(customer, [get(f"/customers/{customer}/loyalty"), get(f"/customers/{customer}/points")])


def early_points(s: Shopper) -> Visit:
    customer = s.customer(3)
    return Visit(customer, [get(f"/customers/{customer}/loyalty"), get(f"/customers/{customer}/points")])


def print_label(s: Shopper) -> Visit:
    customer = s.customer(*range(5, 20))
    return Visit(customer, [get(f"/orders/C{customer:04d}-8/label")])


def print_eastern_label(s: Shopper) -> Visit:
    customer = s.customer(4)
    reference = f"C{customer:04d}-{s.rng.randrange(1, 9)}"
    return Visit(customer, [get(f"/orders/{reference}"), get(f"/orders/{reference}/label")])


def open_price_search(s: Shopper) -> Visit:
    price = s.rng.choice(["20-", "-30", "50-", "15"])
    return Visit(s.customer(), [get("/search", q=s.rng.choice(["lamp", "bowl", "rug"]), price=price)])


def clear_cart_line(s: Shopper) -> Visit:
    customer, quantities = s.customer(), s.quantities(3)
    removed = s.rng.sample(sorted(quantities), min(len(quantities), s.rng.randrange(1, 3)))
    emptied = {**quantities, **dict.fromkeys(removed, 0)}
    path = f"/customers/{customer}/cart"
    return Visit(customer, [Call("PUT", path, {"quantities": quantities}), Call("PUT", path, {"quantities": emptied})])


def partner_code(s: Shopper) -> Visit:
    code = s.rng.choice(["RAILCARD5", "museum12", "MUSEUM12"])
    return Visit(s.customer(), [post("/cart/quote", quantities=s.quantities(), code=code)])


def breakfast(s: Shopper) -> Visit:
    quantities = {"SKU-0011": s.rng.choice([1, 1, 3]), "SKU-0012": s.rng.randrange(1, 3), s.sku(range(20, 70)): 1}
    if quantities["SKU-0011"] == 3:
        quantities["SKU-0012"] = 2
    return Visit(s.customer(), [post("/cart/quote", quantities=quantities)])


def old_orders(s: Shopper) -> Visit:
    customer = s.customer()
    return Visit(customer, [get(f"/customers/{customer}/orders", include="archived")])


def change_of_mind(s: Shopper) -> Visit:
    """Orders twice, cancels the first, orders again."""
    customer = s.fresh_customer()
    place = [post("/orders", customer_id=customer, quantities=s.quantities()) for _ in range(3)]
    cancel = Call("DELETE", "/orders/{previous_order}")
    return Visit(customer, [place[0], place[1], cancel, place[2]])


def instant_payment(s: Shopper) -> Visit:
    """Wallets authorise and capture at once; their two events race each other."""
    customer = s.fresh_customer()
    events = [post("/payments/events", reference="{order}", event=e) for e in ("captured", "authorised")]
    return Visit(customer, [post("/orders", customer_id=customer, quantities=s.quantities()), *events])


def holiday_slot(s: Shopper) -> Visit:
    query = {"region": s.rng.choice(["north", "south"]), "day": f"2026-12-{s.rng.choice([22, 23, 24])}"}
    if s.rng.random() < 0.3:
        query = {**query, "day": "2026-12-18", "not_before": "18:00"}
    return Visit(s.customer(), [get("/delivery-slots/next", **query)])


def past_report(s: Shopper) -> Visit:
    month = s.rng.choice(["2023-11", "2024-01", "2023-12", "2024-02"])
    return Visit(s.customer(), [get("/reports/sales", month=month), get("/reports/categories")])


def comma_amount(s: Shopper) -> Visit:
    customer, amount = s.customer(), s.rng.choice(["25,00", "12,50", "€ 20,-", "50 EUR", "30,00 €"])
    return Visit(customer, [post("/gift-cards", customer_id=customer, amount=amount)])


def till_account(s: Shopper) -> Visit:
    customer = 16 * s.rng.randrange(24) + 9
    base = f"/api/customer/{customer}"
    return Visit(customer, [backend("GET", base), backend("GET", f"{base}/profile")])


def newcomer_app(s: Shopper) -> Visit:
    customer = 16 * s.rng.randrange(24) + 5
    base = f"/api/customer/{customer}"
    return Visit(customer, [backend("GET", f"{base}/profile"), backend("GET", f"{base}/recommendations")])


def campaign_letters(s: Shopper) -> Visit:
    customer = 16 * s.rng.randrange(24) + 13
    return Visit(customer, [backend("GET", f"/api/customer/{customer}/notifications")])


Maker = Callable[[Shopper], Visit]
# Visits in every 3,200 requests; EVERYDAY fills what these leave.
OCCASIONAL: dict[Maker, int] = {
    studio_piece: 14, studio_opinions: 10, garden_filter: 10, garden_delivery: 10,
    voucher_available: 9, rural_address: 11, founder_status: 10, early_points: 9,
    print_label: 20, print_eastern_label: 9, open_price_search: 11, clear_cart_line: 10,
    partner_code: 9, breakfast: 9, old_orders: 9, change_of_mind: 9, instant_payment: 9,
    holiday_slot: 9, past_report: 9, comma_amount: 10, mistyped_link: 22, ask: 330,
    till_account: 11, newcomer_app: 9, campaign_letters: 9, change_language: 8,
}
EVERYDAY: dict[Maker, int] = {
    browse: 30, find: 12, check_article: 8, account: 16, app_start: 10, fill_cart: 10,
    order: 7, review: 3, manage: 2, buy_gift: 3,
}
BACKEND_VISITS = {till_account, newcomer_app, campaign_letters, change_language, app_start}
