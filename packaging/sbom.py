"""Writes the bills of materials (CycloneDX 1.6) of agent and server, from their locks, into build/sbom."""

import importlib.metadata
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {
    "agent": ROOT / "src/predvid/edge/agent.lock",
    "server": ROOT / "requirements/server.lock",
}


def locked(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield name, version and SHA-256 sums of each package that a lock pins."""
    for block in text.replace(" \\\n    --hash", " --hash").splitlines():
        pin, *sums = block.split(" --hash=sha256:")
        name, _, version = pin.partition(" ;")[0].partition("==")
        yield name.partition("[")[0], version.strip(), [each.strip() for each in sums]


def licence(name: str) -> LicenseExpression | DisjunctiveLicense:
    """Return the licence that an installed package states. Raises PackageNotFoundError or ValueError."""
    about = importlib.metadata.metadata(name)
    if expression := about.get("License-Expression"):
        return LicenseExpression(expression)
    classified = [
        row.rpartition(" :: ")[2] for row in about.get_all("Classifier") or [] if "License ::" in row
    ]
    stated = classified or [(about.get("License") or "").partition("\n")[0]]
    if not stated[0]:
        raise ValueError(f"{name} states no licence")
    return DisjunctiveLicense(name=" AND ".join(stated))


def bill(part: str, lock: str, version: str) -> Bom:
    """Return the bill of one part: Predvid itself and every package of its lock, with sums and licence."""
    root = Component(
        name=f"predvid-{part}", version=version, type=ComponentType.APPLICATION, bom_ref="predvid"
    )
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, lock))
    bom.metadata.component = root
    for name, pinned, sums in locked(lock):
        purl = PackageURL("pypi", name=name, version=pinned)
        files = ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(str(purl)),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in sums],
        )
        bom.components.add(
            Component(
                name=name, version=pinned, purl=purl, bom_ref=str(purl),
                licenses=[licence(name)], external_references=[files],
            )
        )  # fmt: skip
    bom.register_dependency(root, bom.components)
    return bom


def main(folder: Path) -> None:
    """Write `agent.cdx.json` and `server.cdx.json` into `folder`."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    folder.mkdir(parents=True, exist_ok=True)
    for part, lock in LOCKS.items():
        bom = bill(part, lock.read_text(encoding="utf-8"), version)
        path = folder / f"{part}.cdx.json"
        made = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6)
        made.output_to_file(str(path), allow_overwrite=True, indent=2)
        sys.stdout.write(f"{path}: {len(bom.components)} packages\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "sbom")
