"""Addresses of sign-in, one-time links and the profile."""

from django.urls import path

from predvid.modules.access import views, views_audit

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("welcome/<str:secret>", views.welcome, name="welcome"),
    path("profile/", views.profile, name="profile"),
    path("audit/", views_audit.audit, name="audit"),
    path("audit/export.<str:form>", views_audit.export, name="audit-export"),
]
