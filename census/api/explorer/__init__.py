"""The page at `/`: what this is, and a form to ask a computation, its picture, table and address.

Everything is rendered here, for the state that is in the address; the page's script only fetches
what the form would load anyway and makes the picture a living one.
"""

from census.api.explorer.views import favicon, page

__all__ = ["favicon", "page"]
