"""Why a task that was allowed did not end well, in both languages."""

from predvid.core.wording import Text

TEXTS: dict[str, Text] = {
    "task.timed_out": Text(
        "it did not end within {seconds:secs} and was ended by force",
        "nije završio na vrijeme ({seconds:secs}) pa je prekinut",
    ),
    "task.stopped": Text("a person stopped it", "zaustavljen je na zahtjev"),
    "task.no_interpreter": Text(
        "the program {tool} that runs it is not installed", "program {tool} koji ga izvršava nije instaliran"
    ),
    "task.not_startable": Text("it could not be started: {detail}", "nije ga moguće pokrenuti: {detail}"),
    "task.too_many_processes": Text(
        "it made more than {most:int} processes and was ended by force",
        "stvorio je više od {most:int} procesa pa je prekinut",
    ),
    "task.no_word": Text(
        "the device has not been heard of since; whether it finished is not known",
        "uređaj se otad ne javlja; ne zna se je li zadatak završio",
    ),
    "task.agent_ended": Text(
        "the agent ended while it ran; whether it finished is not known, and it is not repeated",
        "agent se ugasio dok je zadatak trajao; ne zna se je li završio i ne ponavlja se",
    ),
}
