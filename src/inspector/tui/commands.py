"""The command palette: every action of the screen by name, out of the key table."""

from collections.abc import Awaitable, Callable

from textual.app import App
from textual.command import DiscoveryHit, Hit, Hits, Provider

from inspector.tui.keymap import KEYS, Key
from inspector.tui.screens.base import KeyScreen


class KeyCommands(Provider):
    """Offers what the screen's keys do, and the themes."""

    def _keys(self) -> tuple[Key, ...]:
        screen = self.screen
        return KEYS.get(screen.KEYS_OF, ()) if isinstance(screen, KeyScreen) else ()

    def _themes(self) -> list[str]:
        app: App[object] = self.app
        return [name for name in app.available_themes if name.startswith(("inspector", "ansi"))]

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for key in self._keys():
            yield DiscoveryHit(label(key), self._run(key), help=key.group)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for key in self._keys():
            score = matcher.match(label(key))
            if score > 0:
                yield Hit(score, matcher.highlight(label(key)), self._run(key), help=key.group)
        for theme in self._themes():
            score = matcher.match(f"theme {theme}")
            if score > 0:
                yield Hit(score, matcher.highlight(f"theme {theme}"), self._theme(theme), help="colours")

    def _run(self, key: Key) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.screen.run_action(key.action)

        return run

    def _theme(self, name: str) -> Callable[[], None]:
        def choose() -> None:
            self.app.theme = name

        return choose


def label(key: Key) -> str:
    """How the palette names an action."""
    return f"{key.help} · {key.show}"
