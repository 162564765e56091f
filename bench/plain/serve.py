"""Start the server of the plain views, as recsite.serve starts the project's."""

from recsite.config import env
from recsite.server import serve

if __name__ == "__main__":
    serve(env.read(), "127.0.0.1", "bench.plain.wsgi:application")
