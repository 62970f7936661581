"""The user directory: who works here, in which roles, and proof that it is them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from engine.errors import Conflict, InvalidAnswers, NotFound, ServiceError
from engine.forms import Choice
from engine.identity import Actor
from engine.services import ServiceContext
from engine.statements import Statement
from handlers.models import user_roles, users
from handlers.practices import practice_of
from handlers.registry import services
from handlers.vocabulary import label

DEMO_PASSWORD: Final = "pathways-demo"  # noqa: S105 - the demonstration's accounts are fictional
MINIMUM_PASSWORD_LENGTH: Final = 10
EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")

_hasher = PasswordHasher()
_UNKNOWN_USER_HASH: Final = _hasher.hash("no account has this password")


@dataclass(frozen=True)
class User:
    """An account of the directory; `roles` are the ids of the models' lanes and of the site's own
    roles.
    """

    id: str
    name: str
    email: str
    organisation: str = ""
    roles: frozenset[str] = field(default_factory=frozenset)
    cluster: str | None = None
    active: bool = True

    def has(self, *roles: str) -> bool:
        """Whether the user has at least one of `roles`."""
        return not self.roles.isdisjoint(roles)

    @property
    def actor(self) -> Actor:
        """The user as the engine knows them."""
        return Actor(self.id, self.roles)


def users_where(connection: Connection, query: Select[Any]) -> list[User]:
    rows = connection.execute(query).all()
    roles: dict[str, set[str]] = {row.id: set() for row in rows}
    for user_id, role in connection.execute(
        select(user_roles.c.user_id, user_roles.c.role).where(user_roles.c.user_id.in_(roles))
    ):
        roles[user_id].add(role)
    return [
        User(
            id=row.id,
            name=row.name,
            email=row.email,
            organisation=row.organisation,
            roles=frozenset(roles[row.id]),
            cluster=row.cluster,
            active=row.active,
        )
        for row in rows
    ]


_ACCOUNT_COLUMNS = ("id", "name", "email", "organisation", "cluster", "active")
_ACCOUNT = Statement(
    select(*(users.c[name] for name in _ACCOUNT_COLUMNS), user_roles.c.role)
    .outerjoin(user_roles, user_roles.c.user_id == users.c.id)
    .where(users.c.id == bindparam("user_id"))
)


def user(connection: Connection, user_id: str) -> User | None:
    """The account with this id, active or not; None if there is none."""
    rows = _ACCOUNT.all(connection, {"user_id": user_id})
    if not rows:
        return None
    roles = frozenset(row.role for row in rows if row.role is not None)
    *account, _ = rows[0]
    return User(**dict(zip(_ACCOUNT_COLUMNS, account, strict=True)), roles=roles)


def list_users(
    connection: Connection, *, role: str | None = None, active: bool | None = True
) -> list[User]:
    """Accounts by name: of one role or of all, active ones, inactive ones or (None) both."""
    query = select(users).order_by(users.c.name)
    if active is not None:
        query = query.where(users.c.active.is_(active))
    if role is not None:
        holds = exists().where(user_roles.c.user_id == users.c.id, user_roles.c.role == role)
        query = query.where(holds)
    return users_where(connection, query)


def names(connection: Connection, ids: Iterable[str | None]) -> dict[str, str]:
    """Names for ids; an id without an account stands for itself."""
    wanted = {item for item in ids if item}
    known = connection.execute(select(users.c.id, users.c.name).where(users.c.id.in_(wanted)))
    return {item: item for item in wanted} | {row.id: row.name for row in known}


def authenticate(connection: Connection, user_id_or_email: str, password: str) -> User | None:
    """The active account that this id or e-mail address and password prove, or None.

    An unknown account costs as much time as a wrong password, so that the answer's delay tells
    nothing.
    """
    wanted = user_id_or_email.strip().lower()
    row = connection.execute(
        select(users.c.id, users.c.password_hash, users.c.active).where(
            or_(func.lower(users.c.id) == wanted, users.c.email == wanted)
        )
    ).first()
    stored = row.password_hash if row is not None and row.password_hash else _UNKNOWN_USER_HASH
    try:
        _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return None
    if row is None or not row.active or stored is _UNKNOWN_USER_HASH:
        return None
    return user(connection, row.id)


def save_user(connection: Connection, account: User, *, password: str | None = None) -> None:
    """Add the account, or change the one with this id, its roles included.

    Raises InvalidAnswers with a message per field, Conflict if the e-mail address is another
    account's.
    """
    errors = _mistakes(account, password)
    if errors:
        raise InvalidAnswers(errors)
    values: dict[str, Any] = {
        "name": account.name.strip(),
        "email": account.email.strip().lower(),
        "organisation": account.organisation.strip(),
        "cluster": account.cluster,
        "active": account.active,
    }
    if password is not None:
        values["password_hash"] = _hasher.hash(password)
    known = connection.execute(select(users.c.id).where(users.c.id == account.id)).first()
    try:
        with connection.begin_nested():
            if known is None:
                connection.execute(insert(users).values(id=account.id, **values))
            else:
                connection.execute(update(users).where(users.c.id == account.id).values(**values))
    except IntegrityError as error:
        if "email" not in str(error.orig):
            raise
        raise Conflict(
            f"The e-mail address {values['email']} belongs to another account: use another one, "
            "or change that account."
        ) from error
    connection.execute(delete(user_roles).where(user_roles.c.user_id == account.id))
    if account.roles:
        connection.execute(
            insert(user_roles),
            [{"user_id": account.id, "role": role} for role in sorted(account.roles)],
        )


def set_password(connection: Connection, user_id: str, password: str) -> None:
    """Replace the password; raises NotFound for an unknown account, InvalidAnswers for a short
    password.
    """
    if len(password) < MINIMUM_PASSWORD_LENGTH:
        raise InvalidAnswers({"password": _SHORT_PASSWORD})
    _change(connection, user_id, password_hash=_hasher.hash(password))


def deactivate(connection: Connection, user_id: str) -> None:
    """Close the account: no signing in, no more choices or notifications; raises NotFound if
    unknown.
    """
    _change(connection, user_id, active=False)


def require_role(context: ServiceContext, person: Actor | str, role: str, purpose: str) -> None:
    """Raise ServiceError unless the person holds the role: by their session, or as an active
    account.
    """
    if isinstance(person, Actor) and role in person.roles:
        return
    user_id = person.id if isinstance(person, Actor) else person
    account = user(context.connection, user_id)
    if account is None or not account.active or role not in account.roles:
        name = account.name if account is not None else user_id
        raise ServiceError(
            f"{name} may not {purpose}: that takes an active account with the role "
            f"{label('role', role)}."
        )


@services.choices("lead_professionals")
def lead_professionals(connection: Connection, business_key: str) -> Sequence[Choice]:
    """Everyone who can lead a CAF of the case's council, with their agency (2I, G5)."""
    leader = practice_of(connection, business_key).leader
    return [
        Choice(person.id, f"{person.name}, {person.organisation}".removesuffix(", "))
        for person in list_users(connection, role=leader)
    ]


@services.choices("co_ordinators")
def co_ordinators(connection: Connection, business_key: str) -> Sequence[Choice]:
    """Every CAF co-ordinator with their cluster area (2G, R1.5)."""
    return [
        Choice(
            person.id,
            f"{person.name} ({label('cluster', person.cluster)})"
            if person.cluster
            else person.name,
        )
        for person in list_users(connection, role="caf_co_ordinator")
    ]


@services.choices("social_workers")
def social_workers(connection: Connection, business_key: str) -> Sequence[Choice]:
    """Every CAF social worker (1K)."""
    return [
        Choice(person.id, person.name)
        for person in list_users(connection, role="caf_social_worker")
    ]


def demo_users() -> tuple[User, ...]:
    """The demonstration's plainly fictional people: one per role, more where a case needs two.

    Those of the second council, which works with CADS, stand after those of the first.
    """
    return _first_council() + _second_council()


def _first_council() -> tuple[User, ...]:
    council = "Example Council"
    team = {
        "mash": ("Max Mash", "mash_worker", None),
        "mash2": ("Mia Mash", "mash_worker", None),
        "manager": ("Morgan Manager", "caf_duty_manager", None),
        "manager2": ("Maddie Manager", "caf_duty_manager", None),
        "coordinator": ("Casey Co-ordinator", "caf_co_ordinator", "east_central"),
        "coordinator2": ("Corin Co-ordinator", "caf_co_ordinator", "south"),
        "coordinator3": ("Clem Co-ordinator", "caf_co_ordinator", "west"),
        "socialworker": ("Sandy Socialworker", "caf_social_worker", None),
        "saferfamilies": ("Sasha Saferfamilies", "safer_families_practitioner", None),
        "socialcare": ("Sage Socialcare", "allocated_social_worker", None),
        "analyst": ("Alex Analyst", "analyst", None),
        "publisher": ("Perry Publisher", "publisher", None),
        "admin": ("Ade Administrator", "administrator", None),
    }
    partners = {
        "leadpro": ("Lee Leadpro", "Example Primary School"),
        "leadpro2": ("Lou Leadpro", "Example Health Visiting"),
        "leadpro3": ("Lin Leadpro", "Example Homes"),
    }
    others = {
        "dats": ("Dale Dats", "duty_assessment_team"),
        "servicemanager": ("Sidney Servicemanager", "service_manager"),
        "panel": ("Pat Panel", "caf_support_panel"),
    }
    team |= {user_id: (name, role, None) for user_id, (name, role) in others.items()}
    caf_team = {
        "caf_duty_manager",
        "caf_co_ordinator",
        "caf_social_worker",
        "safer_families_practitioner",
    }
    return tuple(
        User(
            user_id,
            name,
            f"{user_id}@council.example",
            council,
            frozenset({role, "caf_team_member"} if role in caf_team else {role}),
            cluster,
        )
        for user_id, (name, role, cluster) in team.items()
    ) + tuple(
        User(user_id, name, f"{user_id}@partner.example", agency, frozenset({"lead_professional"}))
        for user_id, (name, agency) in partners.items()
    )


def _second_council() -> tuple[User, ...]:
    council = "Sample Council"
    leader = "cads_lead_professional"
    people = {
        "cadsworker": ("Sam Cadsworker", council, {"social_worker"}),
        "cadsworker2": ("Sol Cadsworker", council, {"social_worker"}),
        "cadsmanager": ("Toni Teammanager", council, {"team_manager"}),
        "linkworker": ("Lane Linkworker", council, {"caf_link_worker"}),
        "teamleader": ("Terry Teamleader", council, {"early_help_team_leader"}),
        "ehmanager": ("Sunny Supportmanager", council, {"early_help_support_manager"}),
        "familysupport": ("Fern Familysupport", council, {"family_support_worker", leader}),
        "cadsleadpro": ("Laurie Leadpro", "Sample Primary School", {leader}),
        "cadsleadpro2": ("Lindy Leadpro", "Sample Health Visiting", {leader}),
    }
    return tuple(
        User(user_id, name, f"{user_id}@sample.example", organisation, frozenset(roles))
        for user_id, (name, organisation, roles) in people.items()
    )


def seed_demo(connection: Connection) -> list[User]:
    """Add those of the demonstration's accounts that are missing, with DEMO_PASSWORD; who was
    added.
    """
    missing = [person for person in demo_users() if user(connection, person.id) is None]
    for person in missing:
        save_user(connection, person)
    if missing:
        # One hash serves all: the password is public, and hashing is slow on purpose.
        connection.execute(
            update(users)
            .where(users.c.id.in_([person.id for person in missing]))
            .values(password_hash=_hasher.hash(DEMO_PASSWORD))
        )
    return missing


_SHORT_PASSWORD: Final = f"The password must have at least {MINIMUM_PASSWORD_LENGTH} characters."


def _mistakes(account: User, password: str | None) -> dict[str, str]:
    errors: dict[str, str] = {}
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", account.id):
        errors["id"] = (
            "The user id must have 1 to 64 small letters, digits, full stops, hyphens or "
            "underscores, and start with a letter or digit."
        )
    if not account.name.strip():
        errors["name"] = "Enter the person's name."
    if not EMAIL.fullmatch(account.email.strip()):
        errors["email"] = "Enter an e-mail address such as name@example.org."
    for role in account.roles:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", role):
            errors["roles"] = f"“{role}” is not a role's id such as caf_co_ordinator."
    if password is not None and len(password) < MINIMUM_PASSWORD_LENGTH:
        errors["password"] = _SHORT_PASSWORD
    return errors


def _change(connection: Connection, user_id: str, **values: Any) -> None:
    changed = connection.execute(update(users).where(users.c.id == user_id).values(**values))
    if changed.rowcount != 1:
        raise NotFound(f"There is no account {user_id}.")
