"""What `predvid release` says in both languages, beside what all verbs of the trust folder say."""

from predvid.core.wording import Text
from predvid.operator import texts

TEXTS = {
    **{id: text for id, text in texts.TEXTS.items() if id.startswith(("ask.", "refused."))},
    "release.row": Text(
        "{version}  release {counter:int}, SHA-256 {sha256}…",
        "{version}  izdanje {counter:int}, SHA-256 {sha256}…",
    ),
    "release.until": Text(
        "Agents believe this list until {until}; 'predvid release refresh' before that.",
        "Agenti vjeruju ovom popisu do {until}; prije toga pokrenite 'predvid release refresh'.",
    ),
    "release.stale": Text(
        "Agents have not believed this list since {until}: run 'predvid release refresh'.",
        "Agenti ne vjeruju ovom popisu od {until}: pokrenite 'predvid release refresh'.",
    ),
    "release.published": Text(
        "Version {version} is release {counter:int}; SHA-256 {sha256}",
        "Inačica {version} izdanje je {counter:int}; SHA-256 {sha256}",
    ),
    "release.withdrawn": Text("Version {version} is withdrawn.", "Inačica {version} povučena je."),
    "release.refreshed": Text("The list is signed anew.", "Popis je ponovno potpisan."),
    "release.copied": Text("The server hands it out from {path}.", "Poslužitelj ga nudi iz mape {path}."),
    "release.not_copied": Text(
        "No server here hands it out yet: copy {path} to the folder 'releases' in its data directory.",
        "Još ga ne nudi nijedan poslužitelj: kopirajte {path} u mapu 'releases' njegova podatkovnog "
        "direktorija.",
    ),
    "refused.no_list": Text(
        "there are no releases in {path} yet: predvid release publish WHEEL",
        "u mapi {path} još nema izdanja: predvid release publish DATOTEKA",
    ),
    "refused.no_operator": Text(
        "your key is not in the newest key set: the root's holder adds it by 'predvid trust operator add'",
        "vaš ključ nije u najnovijem skupu ključeva: dodaje ga vlasnik korijenskog ključa naredbom "
        "'predvid trust operator add'",
    ),
    "refused.not_in_list": Text(
        "agents do not know your key for releases yet: the root's holder runs 'predvid release refresh' once",
        "agenti još ne poznaju vaš ključ za izdanja: vlasnik korijenskog ključa treba jednom pokrenuti "
        "'predvid release refresh'",
    ),
}
