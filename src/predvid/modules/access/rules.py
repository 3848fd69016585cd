"""Who may see what: the viewer that every query takes first."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Viewer:
    """Someone who looks: a person, or the platform itself. `clients` is None for all of them."""

    name: str
    role: str
    clients: frozenset[UUID] | None
    language: str = "hr"
    person: UUID | None = None

    def sees(self, client: UUID | None) -> bool:
        """Tell whether rows of `client` are visible; MSP-wide rows (None) are for all-client viewers only."""
        return self.clients is None or (client is not None and client in self.clients)

    @property
    def may_change(self) -> bool:
        """Tell whether the viewer may do more than read."""
        return self.role not in ("auditor", "client_contact")

    @property
    def may_manage(self) -> bool:
        """Tell whether the viewer may enrol, approve, move and merge devices and edit clients."""
        return self.role in ("owner", "manager", "technician", "platform")


PLATFORM = Viewer(name="Predvid", role="platform", clients=None)
