"""Charts as SVG for a page: text stays text, colours are the page's variables, the same figures give the same bytes.

Matplotlib draws with one colour per role, by which the page then finds it: light, dark and print are the style sheet's
business. Every chart carries a title and a description; its figures stand in a table beside it.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from reports.page import UNPRINTABLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROLES = ("ink", "soft", "grid", "page", "one", "two", "three", "good", "calm", "warn", "bad")
COLOURS = {role: f"#0000{number:02x}" for number, role in enumerate(ROLES, start=1)}
"""Stand-ins, none of which matplotlib uses by itself; `style.css` has the colours."""
WIDTH = 400
"""Units of the drawing; text of 11 of them can be read where a phone makes them 350 pixels."""
SVG, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.id": None,
    "font.family": "DejaVu Sans",  # what text is measured by; it comes with matplotlib
    "font.size": 11.0,
    "axes.edgecolor": COLOURS["grid"],
    "axes.labelcolor": COLOURS["soft"],
    "axes.labelsize": 10.5,
    "axes.titlesize": 11.0,
    "axes.titlelocation": "left",
    "axes.titlecolor": COLOURS["ink"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "axes.unicode_minus": True,
    "text.parse_math": False,  # a dollar is a dollar, and a name is nobody's formula
    "grid.color": COLOURS["grid"],
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 10.5,
    "legend.labelcolor": COLOURS["ink"],
    "text.color": COLOURS["ink"],
    "xtick.color": COLOURS["soft"],
    "ytick.color": COLOURS["soft"],
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
}
_USED = re.compile(r"url\(#([^)]+)\)")


def chart(name: str, *, title: str, description: str, height: int, draw: Callable[[Figure], None]) -> str:
    """Return what ``draw`` draws as an SVG element whose ids begin with ``name``.

    ``title`` and ``description`` are read to who cannot see it; ``height`` is in units of which `WIDTH` go across.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(), warnings.catch_warnings(), io.BytesIO() as written:
        # A name in another script is measured roughly, and shown in the reader's own font.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        mpl.rcdefaults()
        settings: Any = SETTINGS | {"svg.hashsalt": name}
        mpl.rcParams.update(settings)
        figure = Figure(figsize=(WIDTH / 72, height / 72), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        figure.savefig(
            written, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None}
        )
        text = UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", written.getvalue().decode())
        root = ElementTree.fromstring(text)  # noqa: S314  # matplotlib's own text
    return _for_page(root, name=name, title=title, description=description)


def _for_page(root: ElementTree.Element, *, name: str, title: str, description: str) -> str:
    """Return the drawing without what a page has no use for, with ids of its own, named and described."""
    used = {found for node in root.iter() for value in node.attrib.values() for found in _USED.findall(value)}
    used |= {node.attrib[f"{{{LINK}}}href"][1:] for node in root.iter() if f"{{{LINK}}}href" in node.attrib}
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for node in root.iter():
        if node.attrib.get("id") in used:
            node.attrib["id"] = f"{name}-{node.attrib['id']}"
        else:
            node.attrib.pop("id", None)
        link = node.attrib.pop(f"{{{LINK}}}href", None)
        if link is not None:
            node.attrib["href"] = f"#{name}-{link[1:]}"
        for attribute, value in node.attrib.items():
            if attribute in ("style", "clip-path", "fill", "stroke"):
                node.attrib[attribute] = _styled(value, name=name)
        node.tag = node.tag.removeprefix(f"{{{SVG}}}")
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-description",
    }
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        told = ElementTree.Element(tag, id=f"{name}-{'title' if tag == 'title' else 'description'}")
        told.text = text
        root.insert(place, told)
    return ElementTree.tostring(root, encoding="unicode", method="html")


def _styled(value: str, *, name: str) -> str:
    """Return a style with the page's variables for colours, the page's font, and ids of its own."""
    value = _USED.sub(lambda found: f"url(#{name}-{found.group(1)})", value)
    for role, colour in COLOURS.items():
        value = value.replace(colour, f"var(--{role})")
    value = re.sub(r"font:\s*([0-9.]+px)[^;]*", r"font-size: \1", value)
    return re.sub(r"\s*font-family:[^;]*;?", "", value)


def dollars(value: float) -> str:
    """Return dollars as short as an axis wants them.

    >>> [dollars(value) for value in (0, 950, 12500, -3_400_000, 2.5e9)]
    ['$0', '$950', '$12.5k', '−$3.4M', '$2.5B']
    """
    sign, value = ("−" if value < 0 else ""), abs(value)
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{sign}${value / size:.3g}{unit}"
    return f"{sign}${value:.3g}"


def bars(
    axes: Axes, *, labels: Sequence[str], values: Sequence[float], roles: Sequence[str], told: Sequence[str]
) -> None:
    """Draw one horizontal bar per label, the first on top, with what it is ``told`` as at its end."""
    places = range(len(labels))
    axes.barh(places, values, height=0.62, color=[COLOURS[role] for role in roles])
    axes.set_yticks(list(places), labels, color=COLOURS["ink"])
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    largest = max([*values, 0.0]) or 1.0
    axes.set_xlim(0, largest * 1.25)
    for place, (value, text) in enumerate(zip(values, told, strict=True)):
        axes.text(value + largest * 0.015, place, text, va="center")


def pairs(
    axes: Axes, *, labels: Sequence[str], one: Sequence[float], two: Sequence[float], names: tuple[str, str]
) -> None:
    """Draw two vertical bars side by side per label, with a legend of their ``names`` above."""
    places = range(len(labels))
    axes.bar([place - 0.2 for place in places], one, width=0.38, color=COLOURS["calm"], label=names[0])
    axes.bar([place + 0.2 for place in places], two, width=0.38, color=COLOURS["one"], label=names[1])
    axes.set_xticks(list(places), labels)
    axes.yaxis.grid(visible=True)
    axes.spines["left"].set_visible(False)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.0, handlelength=1.0)
