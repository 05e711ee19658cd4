"""HTTP handlers: they read the request, call the business modules and shape the answer."""
