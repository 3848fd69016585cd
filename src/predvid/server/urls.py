"""The addresses of the console: each module brings its own."""

from django.urls import include, path

urlpatterns = [
    path("", include("predvid.modules.access.urls")),
    path("", include("predvid.modules.inventory.urls")),
    path("", include("predvid.modules.monitoring.urls")),
]
