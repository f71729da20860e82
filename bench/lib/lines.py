# SPDX-License-Identifier: Apache-2.0
"""Values over time as SVG, without any library: for figures in docs/. Panels stand below each other."""
import html

WIDTH, HEIGHT, LEFT, TOP, GAP = 640, 110, 52, 62, 40
TICKS = 30  # seconds


def write_lines(path, title, names, panels):
    """names: [(name, colour)] of the lines; panels: [(what, [values of each line])], a value for each second."""
    parts = [f'<text x="16" y="24" class="title">{html.escape(title)}</text>']
    x = 16
    for name, colour in names:
        parts.append(f'<rect x="{x}" y="36" width="14" height="4" fill="{colour}"/>'
                     f'<text x="{x + 20}" y="43">{html.escape(name)}</text>')
        x += 40 + 8 * len(name)
    y = TOP
    for what, lines in panels:
        parts += _panel(y, what, lines, [colour for _, colour in names])
        y += HEIGHT + GAP
    style = ("text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-size:16px;font-weight:600}"
             ".tick{font-size:11px;fill:#57606a}.what{font-weight:600;fill:#57606a}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 20}" height="{y}" role="img" '
                    f'aria-label="{html.escape(title)}"><style>{style}</style>'
                    f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>\n')


def _panel(y, what, lines, colours):
    seconds = max(len(values) for values in lines)
    most = max((max(values, default=0) for values in lines), default=0) * 1.05 or 1
    base = y + 12 + HEIGHT
    parts = [f'<text x="16" y="{y + 4}" class="what">{html.escape(what)}</text>']
    for part in (0, 0.5, 1):
        level = base - part * HEIGHT
        parts.append(f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{level:.0f}" y2="{level:.0f}" stroke="#d8dee4"/>'
                     f'<text x="{LEFT - 6}" y="{level + 4:.0f}" text-anchor="end" class="tick">{most * part:.0f}</text>')
    for second in range(0, seconds + 1, TICKS):
        parts.append(f'<text x="{LEFT + WIDTH * second / seconds:.0f}" y="{base + 14}" text-anchor="middle" '
                     f'class="tick">{second} s</text>')
    for values, colour in zip(lines, colours):
        points = " ".join(f"{LEFT + WIDTH * (i + 0.5) / seconds:.1f},{base - HEIGHT * value / most:.1f}"
                          for i, value in enumerate(values))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    return parts
