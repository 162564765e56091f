"""The OpenAPI schema's part about access: how callers identify themselves, and who may make each call."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from access.policies import policy_for
from core.api.schema import ApiSchema


class AccessSchema(ApiSchema):
    """Adds to each operation's description who may call it."""

    def get_description(self) -> str:  # type: ignore[override]
        need = policy_for(getattr(self.view, "policies", {}), self.method)
        return f"{super().get_description()}\n\nFor {need.told()}." if need else super().get_description()


class CredentialsScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "access.authentication.Credentials"
    name = ["apiKey", "bearer", "session"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [
            {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Api-Key <key>`: another server, with a key that has the scope.",
            },
            {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "`Bearer <token>`: staff have theirs from `/token`, shoppers from their shop.",
            },
            {
                "type": "apiKey",
                "in": "cookie",
                "name": settings.SESSION_COOKIE_NAME,
                "description": "Staff who are logged in at /admin/; what writes needs X-CSRFToken too.",
            },
        ]
