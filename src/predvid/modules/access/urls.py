"""Addresses of sign-in, one-time links and the profile."""

from django.urls import path

from predvid.modules.access import views, views_audit, views_tokens

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("welcome/<str:secret>", views.welcome, name="welcome"),
    path("profile/", views.profile, name="profile"),
    path("profile/api/", views_tokens.own, name="api-tokens"),
    path("api-tokens/", views_tokens.everyones, name="all-api-tokens"),
    path("api-tokens/<uuid:token_id>/revoke", views_tokens.revoke, name="api-token-revoke"),
    path("audit/", views_audit.audit, name="audit"),
    path("audit/export.<str:form>", views_audit.export, name="audit-export"),
]
