"""What mails say, in Croatian and English: a subject and a body for each kind."""

from predvid.core.wording import Text

INVITATION = "mail.invitation"
PASSWORD = "mail.password"  # noqa: S105 - the name of a mail
FACTORS_REMOVED = "mail.factors_removed"
PASSKEY_CLONED = "mail.passkey_cloned"
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
    f"{FACTORS_REMOVED}.subject": Text(
        en="Your second factors in Predvid were removed",
        hr="Uklonjeni su vaši drugi faktori u Predvidu",
    ),
    f"{FACTORS_REMOVED}.body": Text(
        en="Hello {name},\n\n{what} removed your passkeys, authenticator app and recovery codes, as one does "
        "for somebody who has lost them. Your password alone signs you in now; set up a new factor at the "
        "next sign-in.\n\nIf you did not ask for this, tell an owner of your installation at once.\n",
        hr="Pozdrav {name},\n\nosoba {what} uklonila je vaše pristupne ključeve, aplikaciju za provjeru i "
        "kodove za oporavak, kao što se čini kad ih netko izgubi. Sada se prijavljujete samo lozinkom; pri "
        "sljedećoj prijavi postavite nov drugi faktor.\n\nAko to niste tražili, odmah javite vlasniku "
        "instalacije.\n",
    ),
    f"{PASSKEY_CLONED}.subject": Text(
        en="A passkey of yours may have been copied",
        hr="Vaš pristupni ključ možda je kopiran",
    ),
    f"{PASSKEY_CLONED}.body": Text(
        en="Hello {name},\n\nyour passkey {what} was used with a counter from the past: there may be two of "
        "it. It is refused from now on. Sign in another way, remove it in your profile under Security, and "
        "make a new one. If it was not you, tell an owner of your installation.\n",
        hr="Pozdrav {name},\n\nvaš pristupni ključ {what} upotrijebljen je s brojačem iz prošlosti: možda "
        "postoje dva. Od sada se odbija. Prijavite se na drugi način, uklonite ga u profilu pod Sigurnost i "
        "izradite nov. Ako to niste bili vi, javite vlasniku instalacije.\n",
    ),
}
