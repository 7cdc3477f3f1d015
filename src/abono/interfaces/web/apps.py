"""Registers the web's templates and tags with Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The web."""

    name = "abono.interfaces.web"
    label = "web"

    def ready(self) -> None:
        """Listen to what happens at the sign-in."""
        from abono.interfaces.web.signing.events import listen

        listen()
