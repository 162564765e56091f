"""Security policies that responses send to browsers. They allow only what the pages need."""

from csp.constants import NONCE, NONE, SELF

# The pages for browsers: the admin and Swagger UI. They load everything from this server. Inline scripts and
# styles need the nonce of the response; attributes such as style="…" and onclick="…" are not allowed.
PAGES = ("/admin/", "/docs")
FOR_PAGES = {
    "default-src": [NONE],
    "script-src": [SELF, NONCE],
    "style-src": [SELF, NONCE],
    "img-src": [SELF, "data:"],  # icons in style sheets
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
}
# All other responses are for programs.
FOR_PROGRAMS = "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
# No page may use these features of the browser.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "autoplay", "camera", "display-capture", "fullscreen", "geolocation", "gyroscope"),
        *("magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "usb", "xr-spatial-tracking"),
    )
)
# Applies to no-cors requests of other origins, such as images. Origins in CORS_ALLOWED_ORIGINS use CORS.
RESOURCES = "same-origin"
