"""What a browser may do with what is answered here: as little as lets it be shown."""

from csp.constants import NONCE, NONE, SELF

# What is made to be looked at: the admin and Swagger UI. Everything they load comes from here. Code and style
# within a page only where it shows the nonce of this one answer; no attribute style="…" or onclick="…".
PAGES = ("/admin/", "/docs")
FOR_PAGES = {
    "default-src": [NONE],
    "script-src": [SELF, NONCE],
    "style-src": [SELF, NONCE],
    "img-src": [SELF, "data:"],  # icons within style sheets
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
}
# All else is read by programs, and shown by no browser but as text.
FOR_PROGRAMS = "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
# Of what a page could ask its reader for, nothing.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "autoplay", "camera", "display-capture", "fullscreen", "geolocation", "gyroscope"),
        *("magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "usb", "xr-spatial-tracking"),
    )
)
# For no-cors requests of other origins, such as images; whom CORS_ALLOWED_ORIGINS lists asks by CORS.
RESOURCES = "same-origin"
