"""Pages for managers: the caseload as a list, one instance of it, and a map as a whole."""

from web.instances.listing import blueprint
from web.instances.maps import blueprint as maps
from web.instances.one import blueprint as one

blueprint.register_blueprint(one)
blueprint.register_blueprint(maps)

__all__ = ["blueprint"]
