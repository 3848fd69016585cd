"""Addresses of tasks, requests, templates and task authority."""

from django.urls import path

from predvid.modules.automation.views import asking, authority, deeds, looking

urlpatterns = [
    path("tasks/", looking.tasks, name="tasks"),
    path("tasks/<uuid:task_id>/", looking.task, name="task"),
    path("tasks/<uuid:task_id>/output", looking.output, name="task-output"),
    path("tasks/<uuid:task_id>/cancel", deeds.cancel_task, name="task-cancel"),
    path("tasks/new/", asking.command, name="task-command"),
    path("tasks/templates/<int:publication_id>/", asking.template, name="task-template"),
    path("tasks/requests/<uuid:request_id>/", looking.asked, name="task-request"),
    path("tasks/requests/<uuid:request_id>/approve", deeds.approve, name="request-approve"),
    path("tasks/requests/<uuid:request_id>/decline", deeds.decline, name="request-decline"),
    path("tasks/requests/<uuid:request_id>/cancel", deeds.cancel, name="request-cancel"),
    path("devices/<uuid:device_id>/refused", deeds.settle, name="refused-settle"),
    path("authority/", authority.authority, name="authority"),
]
