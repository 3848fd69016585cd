"""The addresses of the console: each module brings its own."""

from django.urls import include, path

from predvid.server.health import healthz

handler500 = "predvid.server.incidents.page"
urlpatterns = [
    path("healthz", healthz),
    path("", include("predvid.modules.access.urls")),
    path("", include("predvid.modules.inventory.urls")),
    path("", include("predvid.modules.monitoring.urls")),
    path("", include("predvid.modules.api.urls")),
    path("", include("predvid.modules.automation.urls")),
    path("", include("predvid.modules.notifying.urls")),
]
