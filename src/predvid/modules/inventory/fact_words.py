"""Names of facts and of what stands in them, in both languages: for the inventory and its change events."""

from predvid.checks import registry
from predvid.core.wording import Text, size

FACTS = {
    "hardware.system": Text("Machine", "Stroj"),
    "hardware.cpu": Text("Processor", "Procesor"),
    "hardware.memory": Text("Memory", "Memorija"),
    "hardware.disks": Text("Disks", "Diskovi"),
    "storage.drives": Text("Drives that watch themselves", "Pogoni sa samonadzorom"),
    "network.interfaces": Text("Network interfaces", "Mrežna sučelja"),
    "network.hostname": Text("Host name", "Ime računala"),
    "os.release": Text("Operating system", "Operacijski sustav"),
    "os.kernel": Text("Kernel", "Jezgra sustava"),
    "software.packages": Text("Installed software", "Instalirani programi"),
    "users.local": Text("Local accounts", "Lokalni računi"),
    "patches.pending": Text("Pending patches", "Zakrpe na čekanju"),
    "patches.held": Text("Patches held back", "Zadržane zakrpe"),
    "device.reboot_pending": Text("Waits for a restart", "Čeka ponovno pokretanje"),
}
PARTS = {
    "key": Text("Name", "Naziv"),
    "name": Text("Name", "Naziv"),
    "id": Text("Family", "Obitelj"),
    "detail": Text("Detail", "Pojedinost"),
    "vendor": Text("Maker", "Proizvođač"),
    "model": Text("Model", "Model"),
    "serial": Text("Serial number", "Serijski broj"),
    "cores": Text("Cores", "Jezgre"),
    "threads": Text("Threads", "Niti"),
    "total_bytes": Text("Size", "Veličina"),
    "size_bytes": Text("Size", "Veličina"),
    "version": Text("Version", "Inačica"),
    "architecture": Text("Architecture", "Arhitektura"),
    "mac": Text("MAC address", "MAC adresa"),
    "addresses": Text("Addresses", "Adrese"),
    "rotational": Text("Spinning", "Rotirajući"),
    "transport": Text("Connection", "Veza"),
    "from": Text("Installed", "Instalirano"),
    "to": Text("New", "Novo"),
    "security": Text("Security", "Sigurnosna"),
    "uid": Text("Number", "Broj"),
    "shell": Text("Shell", "Ljuska"),
    "home": Text("Home folder", "Osobna mapa"),
    "groups": Text("Groups", "Grupe"),
    "firmware": Text("Firmware", "Ugrađeni program"),
    "protocol": Text("Protocol", "Protokol"),
    "capacity": Text("Size", "Veličina"),
    "admin": Text("Administrator", "Administrator"),
}
HIDDEN = frozenset({"device.boot_id", "state.audit_heads"})  # means something to programs only


def fact_name(name: str, language: str) -> str:
    """Return the name of a fact in words; a check may bring it as its text `fact.<name>`.

    Where a check has one fact for each of many things, the name of them all is followed by the thing's own.
    """
    texts, (group, _, thing) = registry.texts(), name.rpartition(".")
    if text := FACTS.get(name) or texts.get(f"fact.{name}"):
        return text.pattern(language)
    if text := FACTS.get(group) or texts.get(f"fact.{group}"):
        return f"{text.pattern(language)}: {thing}"
    return _named(None, name.replace(".", ": "), language)


def part_name(name: str, language: str) -> str:
    """Return the name of a part of a fact in words."""
    return _named(PARTS.get(name) or registry.texts().get(f"part.{name}"), name, language)


def is_size(part: str) -> bool:
    """Tell whether a part of a fact counts bytes."""
    return part.endswith("_bytes") or part == "capacity"


def _named(text: Text | None, name: str, language: str) -> str:
    return text.pattern(language) if text else name.replace("_", " ").capitalize()


def value_in_words(part: str, value: str, language: str) -> str:
    """Return a value as a change event keeps it (text), sizes by the ending of their part."""
    return size(float(value), language) if is_size(part) and value.isdecimal() else value
