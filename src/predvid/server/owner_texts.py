"""What `predvid owner` says, and every verb that finds no installation, in both languages."""

from predvid.core.wording import Text

TEXTS = {
    "none": Text(
        "There is no installation in {data}. Start one with predvid up, or name it with --data.",
        "U mapi {data} nema instalacije. Pokrenite je naredbom predvid up ili navedite drugu mapu s pomoću "
        "--data.",
    ),
    "nobody": Text(
        "Nobody with the address {email} may sign in here.",
        "Osoba s adresom {email} ovdje se ne može prijaviti.",
    ),
    "several": Text(
        "There are several owners; give the address: {command}",
        "Vlasnika je više; navedite adresu: {command}",
    ),
    "address": Text("ADDRESS", "ADRESA"),
}
