"""Every verb of a person writes an entry of the audit, or stands here with the reason why not."""

import ast

from house.tree import ROOT

EXCUSED = {
    "automation/actions/nonces.py": {"first", "forget"},  # remember what was heard
    "monitoring/group_actions.py": {
        "tags",  # reads words
    },
    "monitoring/bulk_actions.py": {
        "deed",  # reads words
        "change", "group",  # do verbs, each of which writes its entry
    },
    "monitoring/policy_actions.py": set(),
    "monitoring/view_actions.py": set(),
    "monitoring/pin_actions.py": set(),
    "inventory/record_actions.py": set(),
    "inventory/import_actions.py": {"plan"},  # changes nothing
    "inventory/field_actions.py": set(),
    "access/secret_actions.py": {
        "held",  # changes nothing
    },
    "inventory/secret_actions.py": {
        "add", "replace", "delete",  # call the verbs of access/secret_actions.py, which write the entry
    },
    "access/actions.py": set(),
    "access/factor_actions.py": {
        "ask_for_factor",  # the page asks, nobody has done anything
        "begin_app",  # a secret that waits for its first code counts for nothing
    },
    "access/lockout_actions.py": {
        "refuse_locked", "note_failure", "forgive",  # a part of the proofs, which write the entry
    },
    "access/proof_actions.py": {
        "password_limits", "code_hash",  # change nothing
    },
    "access/token_actions.py": set(),
    "access/people_actions.py": set(),
    "access/link_actions.py": {"new_link", "end_links"},  # parts of the verbs that write the entry
    "access/mail_actions.py": {
        "queue_invitation", "queue_notice",  # likewise
        "letters", "letter_sent", "letter_failed",  # the platform's own: what becomes of a queued letter
    },
    "access/session_actions.py": {
        "note_use",  # no deed: when a session was last used
        "drop_sessions",  # a part of verbs that write the entry
    },
    "inventory/actions.py": {
        "held_device",  # changes nothing
        "move", "merge",  # a part of the verbs of monitoring/device_actions.py, which write the entry
    },
    "inventory/enrolment.py": {
        "plan_seed", "silenced",  # change nothing
        "set_state",  # a part of approve, revoke and release in monitoring/device_actions.py
        "lock",  # the platform's own, told by an event and an alert
    },
    "automation/actions/rollouts.py": {
        "advance_all",  # the platform's own, told by events; who began it stands in the audit
        "ring_counts",  # changes nothing
    },
    "automation/actions/__init__.py": set(),
    "automation/actions/authority.py": {"operators"},  # changes nothing
    "automation/actions/chores.py": {
        "expire", "give_up", "forget", "close_quiet_alerts",  # the platform's own, by the clock
        "follow_moves",  # the platform's own: the move itself stands in the audit
    },
    "automation/actions/handing.py": {
        "waiting_agents", "behind_on_trust", "take",  # the platform's own: what was agreed to is handed over
    },
    "automation/actions/outcomes.py": {"take_in"},  # what devices say, told by events
    "automation/actions/requests.py": {
        "held",  # changes nothing
        "release", "stop_tasks",  # parts of request, approve, attach, decline and cancel
    },
    "automation/actions/running.py": {
        "start_of", "ring_counts",  # change nothing
        "queue", "advance_all",  # the platform's own: what was agreed to goes on
    },
    "automation/actions/telling.py": {"milliseconds", "told"},  # parts of verbs
    "notifying/actions.py": set(),
    "monitoring/alert_deeds.py": {
        "stand",  # a part of verbs, and of the chore that ends acknowledgements
        "bulk",  # does a verb to several, each of which writes its entry
    },
    "monitoring/window_deeds.py": set(),
    "monitoring/actions.py": {
        "record", "event_row", "note_event",  # what devices say, told by events
    },
    "monitoring/device_actions.py": {
        "enrol",  # inventory/enrolment.py writes the entry
        "lock", "replan_all",  # the platform's own: an event and an alert; a new version of the program
    },
}  # fmt: skip


def writes(name: str, all_of: dict[str, ast.FunctionDef], seen: set[str]) -> bool:
    """Tell whether a function calls `audit.record`, by itself or through a private one of its file."""
    called = {ast.unparse(node.func) for node in ast.walk(all_of[name]) if isinstance(node, ast.Call)}
    inner = {each for each in called & set(all_of) if each.startswith("_")} - seen
    seen |= inner
    known = called & {"audit.record", "telling.audited"}
    return bool(known) or any(writes(each, all_of, seen) for each in inner)


def test_every_verb_writes_an_entry_or_is_excused() -> None:
    modules = ROOT / "src/predvid/modules"
    paths = {
        *modules.glob("*/*_deeds.py"),
        *modules.glob("*/actions.py"),
        *modules.glob("*/*_actions.py"),
        *modules.glob("*/actions/*.py"),
        modules / "inventory/enrolment.py",
    }
    silent = {}
    for path in paths:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
        silent[path.relative_to(modules).as_posix()] = {
            name for name in functions if name[0] != "_" and not writes(name, functions, set())
        }
    assert silent == EXCUSED
