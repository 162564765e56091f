"""OpenAPI extensions: the authentication schemes, and the callers that each operation allows."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from access.permissions import policy_for
from core.api.schema import ApiSchema


class AccessSchema(ApiSchema):
    """Adds the allowed callers to each operation's description."""

    def get_description(self) -> str:  # type: ignore[override]
        policy, text = policy_for(getattr(self.view, "policies", {}), self.method), super().get_description()
        return f"{text}\n\nAllowed for {policy.describe()}." if policy else text


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
                "description": "`Api-Key <key>`, for servers whose key has the scope.",
            },
            {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "`Bearer <token>`. Staff get a token from `/token`, shoppers from the shop.",
            },
            {
                "type": "apiKey",
                "in": "cookie",
                "name": settings.SESSION_COOKIE_NAME,
                "description": "The session of staff logged in at /admin/. Writes also need X-CSRFToken.",
            },
        ]
