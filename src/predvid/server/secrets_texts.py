"""The sentences of `predvid secrets` in both languages."""

from predvid.core.wording import Text

TEXTS = {
    "rotated": Text(
        "{values:int} {values|value|values} sealed anew under the new key {key}.",
        "Novim ključem {key} ponovno {values|je zapečaćena|su zapečaćene|je zapečaćeno} "
        "{values:int} {values|vrijednost|vrijednosti|vrijednosti}.",
    ),
    "rotated.do": Text(
        "Make a new recovery file now (predvid secrets recovery -o FILE); keep the old one as long as the "
        "backups of the database from before today.",
        "Izradite odmah novu datoteku za oporavak (predvid secrets recovery -o DATOTEKA), a staru čuvajte "
        "dok čuvate i sigurnosne kopije baze starije od danas.",
    ),
    "recovery.made": Text(
        "{path} holds the key {key} under your passphrase. Keep it apart from the backups.",
        "Datoteka {path} sadrži ključ {key} zaštićen vašom zaporkom. Čuvajte je odvojeno od sigurnosnih "
        "kopija.",
    ),
    "recovery.restored": Text(
        "{path} holds the key {key} again; the secrets open.",
        "Ključ {key} ponovno je u datoteci {path}; tajne se otvaraju.",
    ),
    "passphrase": Text("Passphrase: ", "Zaporka: "),
    "passphrase.again": Text("The same once more: ", "Ista još jednom: "),
    "verify.good": Text(
        "{count:int} {count|secret opens|secrets open}; all is well.",
        "Sve je u redu; {count|otvara se|otvaraju se|otvara se} {count:int} {count|tajna|tajne|tajni}.",
    ),
    "damaged": Text(
        "{name} ({table} {row}, {field}): damaged or not in its own place; replace it in the console.",
        "{name} ({table} {row}, {field}): oštećena ili nije na svojem mjestu; zamijenite je u konzoli.",
    ),
    "data_key": Text(
        "{name} ({table} {row}): the data key does not open; restore the row from a backup.",
        "{name} ({table} {row}): podatkovni ključ ne otvara se; vratite redak iz sigurnosne kopije.",
    ),
    "no_data_key": Text(
        "{name} ({table} {row}, {field}): its client's data key does not open.",
        "{name} ({table} {row}, {field}): podatkovni ključ njezina klijenta ne otvara se.",
    ),
    "list.none": Text("There are no secrets yet.", "Tajni još nema."),
    "list.client": Text("Client", "Klijent"),
    "list.name": Text("Name", "Naziv"),
    "list.kind": Text("Kind", "Vrsta"),
    "list.changed": Text("Set", "Postavljena"),
    "list.who": Text("By", "Postavio/la"),
}
