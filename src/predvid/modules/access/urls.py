"""Addresses of sign-in, one-time links and the profile."""

from django.urls import path

from predvid.modules.access import views, views_audit, views_factors, views_proof

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("welcome/<str:secret>", views.welcome, name="welcome"),
    path("profile/", views.profile, name="profile"),
    path("audit/", views_audit.audit, name="audit"),
    path("audit/export.<str:form>", views_audit.export, name="audit-export"),
    path("sign-in/second/", views_proof.second_step, name="second-step"),
    path("sign-in/passkey/", views_proof.sign_in_by_passkey, name="sign-in-passkey"),
    path("sign-in/passkey/options", views_proof.passkey_options, name="passkey-options"),
    path("sign-in/protect/", views_factors.protect, name="protect"),
    path("prove/", views_proof.prove, name="prove"),
    path("profile/security/", views_factors.security, name="security"),
    path("profile/security/app/", views_factors.app, name="factor-app"),
    path("profile/security/app/begin", views_factors.app_begin, name="factor-app-begin"),
    path("profile/security/app/remove", views_factors.app_remove, name="factor-app-remove"),
    path("profile/security/passkeys/new", views_factors.passkey_new, name="passkey-new"),
    path("profile/security/passkeys/add", views_factors.passkey_add, name="passkey-add"),
    path("profile/security/passkeys/<int:key>/rename", views_factors.passkey_rename, name="passkey-rename"),
    path("profile/security/passkeys/<int:key>/remove", views_factors.passkey_remove, name="passkey-remove"),
    path("profile/security/codes", views_factors.codes_renew, name="codes-renew"),
    path("profile/security/rule", views_factors.rule, name="factor-rule"),
    path("people/<uuid:person_id>/factors/remove", views_factors.remove, name="factors-remove"),
]
