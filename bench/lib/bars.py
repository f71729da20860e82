# SPDX-License-Identifier: Apache-2.0
"""A bar chart as SVG, without any library: for figures in docs/."""
import html

ROW, GAP, LEFT, WIDTH, TOP = 22, 14, 190, 420, 44


def write_bars(path, title, groups):
    """groups: [(what, unit, [(name, value, colour)])]; each group has a scale of its own."""
    parts, y = [], TOP
    for what, unit, bars in groups:
        most = max(value for _, value, _ in bars) or 1
        parts.append(f'<text x="16" y="{y + 4}" class="what">{html.escape(what)}</text>')
        y += 14
        for name, value, colour in bars:
            width = max(1, round(WIDTH * value / most))
            parts.append(f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{html.escape(name)}</text>'
                         f'<rect x="{LEFT}" y="{y + 2}" width="{width}" height="{ROW - 6}" rx="2" fill="{colour}"/>'
                         f'<text x="{LEFT + width + 6}" y="{y + 15}">{value:,.0f} {html.escape(unit)}</text>')
            y += ROW
        y += GAP
    style = ("text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-size:16px;font-weight:600}"
             ".what{font-weight:600;fill:#57606a}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 130}" height="{y}" role="img" '
                    f'aria-label="{html.escape(title)}"><style>{style}</style>'
                    f'<rect width="100%" height="100%" fill="#ffffff"/><text x="16" y="24" class="title">'
                    f'{html.escape(title)}</text>{"".join(parts)}</svg>\n')
