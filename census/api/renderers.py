from rest_framework import renderers


class JSONRenderer(renderers.JSONRenderer):
    pass


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    pass
