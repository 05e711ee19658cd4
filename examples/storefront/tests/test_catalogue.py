from shop import catalogue, reviews, search


def test_get_product(conn):
    assert catalogue.get_product(conn, 7)["sku"] == "SKU-0007"
    assert catalogue.get_product(conn, 9999) is None


def test_products_by_sku(conn):
    assert sorted(catalogue.products_by_sku(conn, ["SKU-0001", "SKU-0002", "SKU-9999"])) == ["SKU-0001", "SKU-0002"]


def test_list_products_of_a_category(conn):
    found = catalogue.list_products(conn, "lighting")
    assert len(found) == 36
    assert {product["category"] for product in found} == {"lighting"}


def test_sort_by_brand_puts_no_brand_first(conn):
    ordered = catalogue.sort_products(catalogue.list_products(conn, "toys"), "brand")
    assert ordered[0]["brand"] is None
    assert ordered[-1]["brand"] is not None


def test_sort_newest_first(conn):
    ordered = catalogue.sort_products(catalogue.list_products(conn, "toys"), "newest")
    assert ordered[0]["created_on"] > ordered[-1]["created_on"]


def test_card_without_pictures(product):
    assert catalogue.product_card({**product, "images": []})["image"] == catalogue.PLACEHOLDER_IMAGE


def test_lead_image_is_the_cover():
    images = [{"role": "detail", "url": "a"}, {"role": "cover", "url": "b"}]
    assert catalogue.lead_image(images) == "b"
    assert catalogue.lead_image(images[:1]) == "a"


def test_product_page(product):
    page = catalogue.product_page(product)
    assert page["gallery"] == ["/img/7-cover.jpg", "/img/7-detail.jpg"]


def test_related_products_leave_out_the_product_itself(conn, product):
    related = catalogue.related_products(conn, product)
    assert len(related) == 4
    assert product["id"] not in {card["id"] for card in related}


def test_paginate():
    items = list(range(60))
    assert catalogue.paginate(items, None) == items[:24]
    assert catalogue.paginate(items, "3") == items[48:]
    assert catalogue.paginate(items, "x") == items[:24]


def test_words_of_drops_stop_words():
    assert search.words_of("A lamp for the office!") == ["lamp", "office"]


def test_score_prefers_the_name():
    lamp = {"name": "Oak Lamp", "category": "lighting", "brand": None}
    assert search.score(lamp, ["lamp"]) == 3
    assert search.score(lamp, ["lighting"]) == 1


def test_price_range():
    assert search.parse_price_range("20-49.99") == (2000, 4999)


def test_search_with_price(conn):
    products = catalogue.list_products(conn, None)
    hits = search.search(products, "mug", "10-60")
    assert hits
    assert all(1000 <= hit["price_cents"] <= 6000 for hit in hits)


def test_search_for_nothing(conn):
    assert search.search(catalogue.list_products(conn, None), "zeppelin") == []


def test_category_facets(conn):
    facets = search.category_facets(conn, "kitchen")
    assert sum(facets["colour"].values()) == 36


def test_suggest(conn):
    assert all(name.startswith("Oak") for name in search.suggest(conn, "Oak"))


def test_rating_summary():
    summary = reviews.rating_summary([5, 4, 2])
    assert summary["average"] == 3.7
    assert summary["share_positive"] == 0.67
    assert summary["spread"]["2"] == 1


def test_excerpt():
    assert reviews.excerpt(None) == ""
    assert reviews.excerpt("one two three", 9) == "one two…"


def test_add_review(conn):
    before = reviews.review_page(conn, 3)["summary"]["count"]
    reviews.add_review(conn, 3, 1, 5, "Fine")
    assert reviews.review_page(conn, 3)["summary"]["count"] == before + 1
