"""What mails say, in Croatian and English: a subject and a body for each kind."""

from predvid.core.wording import Text

INVITATION = "mail.invitation"
PASSWORD = "mail.password"  # noqa: S105 - the name of a mail
TEXTS = {
    f"{INVITATION}.subject": Text(
        en="{by} invites you to Predvid",
        hr="Poziv u Predvid: {by}",
    ),
    f"{INVITATION}.body": Text(
        en="Hello {name},\n\n{by} has given you access to Predvid. Open this link within 7 days and choose "
        "your password:\n\n{link}\n\nIf you do not know what this is about, do nothing; the link then ends "
        "by itself.\n",
        hr="Pozdrav {name},\n\n{by} vam daje pristup Predvidu. Otvorite ovu poveznicu u roku od 7 dana i "
        "odaberite lozinku:\n\n{link}\n\nAko ne znate o čemu je riječ, ne morate učiniti ništa; poveznica "
        "će sama prestati vrijediti.\n",
    ),
    f"{PASSWORD}.subject": Text(
        en="A new password for Predvid",
        hr="Nova lozinka za Predvid",
    ),
    f"{PASSWORD}.body": Text(
        en="Hello {name},\n\nsomebody, probably you, asked for a new password. Open this link within a day "
        "to choose it:\n\n{link}\n\nIf it was not you, do nothing: your password stays as it is.\n",
        hr="Pozdrav {name},\n\nnetko je, vjerojatno vi, zatražio novu lozinku. Otvorite ovu poveznicu u roku "
        "od jednog dana i odaberite je:\n\n{link}\n\nAko to niste bili vi, ne činite ništa: lozinka ostaje "
        "ista.\n",
    ),
}
