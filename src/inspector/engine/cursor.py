"""The step cursor: where one is in the field trees of a message, and where one can go from there.

Positions are indices into an `Outline`, the pre-order list of all fields, so that every move is arithmetic.
"""

from bisect import bisect_left, bisect_right

from inspector.model.buffer import Buffer, Origin, Plain
from inspector.model.field import Bits, Field
from inspector.model.message import Message

NOWHERE = -1
"""What a move returns when there is nothing in that direction."""


class Node:
    """One line of an outline: a field, or some bits of one.

    `parent` is an index (NOWHERE for a layer's root), `after` the index behind the last line below this one,
    `layer` the index of the root above. Offsets of `field` are relative to `buffer`.
    """

    __slots__ = ("after", "bits", "buffer", "depth", "field", "layer", "parent")

    def __init__(self, field: Field, buffer: Buffer, parent: int, depth: int, layer: int) -> None:
        self.field = field
        self.bits: Bits | None = None
        self.buffer = buffer
        self.parent = parent
        self.depth = depth
        self.after = 0
        self.layer = layer

    @property
    def name(self) -> str:
        """The name of the field, or of the bits."""
        return self.field.name if self.bits is None else self.bits.name

    @property
    def value(self) -> object:
        """What the field, or the bits, mean."""
        return self.field.value if self.bits is None else self.bits.value

    @property
    def raw(self) -> bytes:
        """The bytes covered; zero bytes stand in for a hole."""
        return self.buffer.read(self.field.start, self.field.end)


class Outline:
    """Layers of fields as one flat list.

    `steps` are the indices that stepping stops at: fields without children that lie in the same buffer, in byte order.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.layers: list[int] = []
        self.steps: list[int] = []

    def add(self, root: Field, buffer: Buffer) -> int:
        """Append a layer; its offsets are relative to `buffer` unless it names one. Returns its index."""
        index = len(self.nodes)
        self.layers.append(index)
        self._walk(root, buffer, NOWHERE, 0, index)
        return index

    def _walk(self, field: Field, buffer: Buffer, parent: int, depth: int, layer: int) -> None:
        own = field.buffer
        if own is not None:
            buffer = own
        index = len(self.nodes)
        node = Node(field, buffer, parent, depth, layer)
        self.nodes.append(node)
        for bits in field.bits:
            line = Node(field, buffer, index, depth + 1, layer)
            line.bits = bits
            self.nodes.append(line)
            line.after = len(self.nodes)
        leaf = True
        for child in field.children:
            if child.buffer is None:
                leaf = False
                break
        if leaf:
            self.steps.append(index)
        for child in field.children:
            self._walk(child, buffer, index, depth + 1, layer)
        node.after = len(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def step_number(self, index: int) -> int:
        """How many steps lie at or before `index`, so 1 at the first."""
        return bisect_right(self.steps, index)

    def next_step(self, index: int) -> int:
        """The next field without children, or NOWHERE at the end."""
        place = bisect_right(self.steps, index)
        return self.steps[place] if place < len(self.steps) else NOWHERE

    def previous_step(self, index: int) -> int:
        """The field without children before this one, or NOWHERE at the start."""
        place = bisect_left(self.steps, index) - 1
        return self.steps[place] if place >= 0 else NOWHERE

    def first_child(self, index: int) -> int:
        """The first line below, or NOWHERE."""
        return index + 1 if self.nodes[index].after > index + 1 else NOWHERE

    def parent(self, index: int) -> int:
        """The line above in the tree, or NOWHERE."""
        return self.nodes[index].parent

    def next_sibling(self, index: int) -> int:
        """The next line with the same parent; behind the last, the next line of whatever is above."""
        after = self.nodes[index].after
        return after if after < len(self.nodes) else NOWHERE

    def previous_sibling(self, index: int) -> int:
        """The line before with the same parent; before the first, the parent."""
        node = self.nodes[index]
        if node.parent == NOWHERE:
            place = bisect_left(self.layers, index) - 1
            return self.layers[place] if place >= 0 else NOWHERE
        found = node.parent
        at = node.parent + 1
        while at < index:
            found = at
            at = self.nodes[at].after
        return found

    def next_issue(self, index: int) -> int:
        """The next field with an issue, or NOWHERE."""
        for at in range(index + 1, len(self.nodes)):
            if self._troubled(at):
                return at
        return NOWHERE

    def previous_issue(self, index: int) -> int:
        """The field with an issue before this one, or NOWHERE."""
        for at in range(index - 1, -1, -1):
            if self._troubled(at):
                return at
        return NOWHERE

    def _troubled(self, index: int) -> bool:
        node = self.nodes[index]
        return node.field.issue is not None and node.bits is None

    def at(self, buffer: Buffer, offset: int) -> int:
        """The deepest field of `buffer` that covers byte `offset`, or NOWHERE."""
        found = NOWHERE
        index = 0
        count = len(self.nodes)
        while index < count:
            node = self.nodes[index]
            inside = node.field.start <= offset < node.field.end
            if node.buffer is buffer:
                if not inside:
                    index = node.after if not self._derives(index) else index + 1
                    continue
                if node.bits is None:
                    found = index
            index += 1
        return found

    def _derives(self, index: int) -> bool:
        """Whether bytes of another buffer are read somewhere below."""
        buffer = self.nodes[index].buffer
        return any(self.nodes[at].buffer is not buffer for at in range(index + 1, self.nodes[index].after))

    def origins(self, index: int) -> list[Origin]:
        """The packet bytes a field came from; none for an empty one."""
        return origins_of(self.nodes[index])

    def at_packet_byte(self, packet: int, offset: int) -> int:
        """The deepest field that came from byte `offset` of captured packet `packet`, or NOWHERE."""
        found = NOWHERE
        for index, node in enumerate(self.nodes):
            if node.bits is not None or node.field.start == node.field.end:
                continue
            if found != NOWHERE and node.depth <= self.nodes[found].depth and node.layer == self.nodes[found].layer:
                continue
            for origin in self.origins(index):
                if origin.packet == packet and origin.start <= offset < origin.end:
                    found = index
                    break
        return found


def origins_of(node: Node) -> list[Origin]:
    """The packet bytes a field came from; those of a packet's own buffer, whose key is its number, are themselves."""
    start, end = node.field.start, node.field.end
    if isinstance(node.buffer.source, Plain) and node.buffer.key:
        return [Origin(node.buffer.key, start, end, True)] if start < end else []
    return node.buffer.origins(start, end)


def next_in_flow(messages: list[Message], index: int) -> int:
    """The index of the next message of the same flow, or NOWHERE."""
    flow = messages[index].flow
    for at in range(index + 1, len(messages)):
        if messages[at].flow == flow:
            return at
    return NOWHERE


def previous_in_flow(messages: list[Message], index: int) -> int:
    """The index of the message of the same flow before this one, or NOWHERE."""
    flow = messages[index].flow
    for at in range(index - 1, -1, -1):
        if messages[at].flow == flow:
            return at
    return NOWHERE
