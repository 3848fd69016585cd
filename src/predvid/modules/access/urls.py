"""Addresses of sign-in, one-time links, the profile, people and the audit."""

from django.urls import path

from predvid.modules.access import (
    views,
    views_audit,
    views_links,
    views_people,
    views_sessions,
    views_tokens,
)

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("welcome/<str:secret>", views.welcome, name="welcome"),
    path("forgotten/", views_links.forgotten, name="forgotten"),
    path("profile/", views.profile, name="profile"),
    path("profile/sessions/end-others", views_sessions.end_others, name="sessions-end-others"),
    path("profile/sessions/<uuid:session_id>/end", views_sessions.end_one, name="session-end"),
    path("people/", views_people.people, name="people"),
    path("people/invite", views_people.invite, name="person-invite"),
    path("people/<uuid:person_id>/", views_people.person, name="person"),
    path("people/<uuid:person_id>/change", views_people.change, name="person-change"),
    path("people/<uuid:person_id>/deactivate", views_people.deactivate, name="person-deactivate"),
    path("people/<uuid:person_id>/reactivate", views_people.reactivate, name="person-reactivate"),
    path("people/<uuid:person_id>/sign-out", views_people.end_sessions, name="person-sign-out"),
    path("people/<uuid:person_id>/withdraw", views_people.withdraw, name="person-withdraw"),
    path("people/<uuid:person_id>/invite-again", views_people.invite_again, name="person-invite-again"),
    path("people/<uuid:person_id>/password-link", views_people.password_link, name="person-password-link"),
    path("profile/api/", views_tokens.own, name="api-tokens"),
    path("api-tokens/", views_tokens.everyones, name="all-api-tokens"),
    path("api-tokens/<uuid:token_id>/revoke", views_tokens.revoke, name="api-token-revoke"),
    path("audit/", views_audit.audit, name="audit"),
    path("audit/export.<str:form>", views_audit.export, name="audit-export"),
]
