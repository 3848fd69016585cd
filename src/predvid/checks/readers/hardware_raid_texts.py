"""The words of the check `hardware_raid`, in both languages."""

from predvid.core.wording import Text

TEXTS = {
    "hardware_raid.none": Text(
        "No hardware RAID controller in this device", "U ovom uređaju nema RAID kontrolera"
    ),
    "hardware_raid.no_tool": Text(
        "None of the RAID makers' tools (storcli, perccli, MegaCli, ssacli, arcconf, tw_cli) tells of a "
        "controller: install the one of its maker",
        "Nijedan alat proizvođača RAID-a (storcli, perccli, MegaCli, ssacli, arcconf, tw_cli) ne javlja "
        "kontroler: instalirajte alat njegova proizvođača",
    ),
    "hardware_raid.controller_ok": Text("The controller {name} is well", "Kontroler {name} je u redu"),
    "hardware_raid.controller_doubt": Text(
        "The controller {name} asks for attention", "Kontroler {name} traži pozornost"
    ),
    "hardware_raid.controller_bad": Text(
        "The controller {name} reports a failure", "Kontroler {name} javlja kvar"
    ),
    "hardware_raid.battery_ok": Text(
        "The cache of {name} is protected", "Priručna memorija kontrolera {name} je zaštićena"
    ),
    "hardware_raid.battery_bad": Text(
        "The battery or capacitor that protects the cache of {name} is failing: replace it",
        "Baterija ili kondenzator koji štiti priručnu memoriju kontrolera {name} otkazuje: zamijenite ga",
    ),
    "hardware_raid.volume_ok": Text("The RAID volume {name} is whole", "RAID svezak {name} je potpun"),
    "hardware_raid.volume_doubt": Text(
        "The RAID volume {name} is being rebuilt or has lost some of its redundancy",
        "RAID svezak {name} se obnavlja ili mu je zalihost smanjena",
    ),
    "hardware_raid.volume_bad": Text(
        "The RAID volume {name} is degraded or down: replace the failed disk",
        "RAID svezak {name} ostao je bez zalihosti ili ne radi: zamijenite neispravan disk",
    ),
    "hardware_raid.disk_ok": Text("The disk {name} is healthy", "Disk {name} je ispravan"),
    "hardware_raid.disk_doubt": Text(
        "The disk {name} is being rebuilt or is in doubt", "Disk {name} se obnavlja ili je sumnjiv"
    ),
    "hardware_raid.disk_bad": Text(
        "The disk {name} has failed or is missing: replace it",
        "Disk {name} je otkazao ili ga nema: zamijenite ga",
    ),
    "hardware_raid.predicted": Text(
        "The disk {name} foresees its failure: replace it soon",
        "Disk {name} najavljuje kvar: uskoro ga zamijenite",
    ),
    "hardware_raid.media_errors": Text(
        "The disk {name}: {n:int} media {n|error|errors}",
        "Disk {name}: {n:int} {n|pogreška|pogreške|pogrešaka} na površini",
    ),
    "hardware_raid.worn": Text(
        "The disk {name} has used {n:pct} of the writing that it is built for",
        "Disk {name}: potrošeno {n:pct} predviđenog zapisivanja",
    ),
    "hardware_raid.heat": Text("The disk {name} is at {value:int} °C", "Disk {name}: {value:int} °C"),
    "hardware_raid.progress": Text("{done:pct} rebuilt", "Obnovljeno: {done:pct}"),
    "fact.storage.raid_controllers": Text("RAID controllers", "RAID kontroleri"),
    "fact.storage.raid_volumes": Text("RAID volumes", "RAID svesci"),
    "fact.storage.raid_disks": Text("Disks behind RAID controllers", "Diskovi iza RAID kontrolera"),
    "part.level": Text("Level", "Razina"),
    "part.size": Text("Size", "Veličina"),
    "part.status": Text("State", "Stanje"),
    "part.battery": Text("Battery", "Baterija"),
    "metric.raid_controller_state": Text("State of the RAID controller", "Stanje RAID kontrolera"),
    "metric.raid_battery_state": Text("Protection of the cache", "Zaštita priručne memorije"),
    "metric.raid_volume_state": Text("State of the RAID volume", "Stanje RAID sveska"),
    "metric.raid_disk_state": Text("State of the RAID disk", "Stanje diska u RAID-u"),
    "metric.raid_disk_predicted": Text("Failures foreseen", "Najavljeni kvarovi"),
    "metric.raid_disk_media_errors": Text("Media errors", "Pogreške na površini"),
    "metric.raid_disk_wear_percent": Text("Wear of the RAID disk", "Istrošenost diska u RAID-u"),
    "metric.raid_disk_temperature_celsius": Text("RAID disk temperature", "Temperatura diska u RAID-u"),
    "metric.raid_rebuild_percent": Text("Rebuild", "Obnova"),
}
