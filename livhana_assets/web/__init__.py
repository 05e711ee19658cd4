"""One guarded web process: the Dagster UI, the review pages and `/api/improvements` behind the same sign-in.

guard          who is asking, and may they? (sign-in, roles, same origin, rate limits, headers)
graphql_rules  what a GraphQL request would do, who may, and whose name a launch carries
dagster_ui     the Dagster UI, mounted
shelf, books   proposals and counters in memory, brought up to date by the audit's new lines
desk           what a reviewer can do, for pages and API alike
api, pages     the two faces of the desk
app            all of it in one ASGI application
"""
