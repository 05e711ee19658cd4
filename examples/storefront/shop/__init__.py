"""The storefront's shop service: catalogue, carts, orders and customers over HTTP."""
