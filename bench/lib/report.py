"""report.py - the results: a table to read, JSON to compare, an SVG to look at."""
import json
from html import escape


def holds(row):
    if row.get("holds") is False:
        return False
    return row["ratio"] <= row["bar"] if row.get("less") else row["ratio"] >= row["bar"]


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def milliseconds(us):
    return "" if us is None else f"{us / 1000:.1f}"


def cost(costs):
    """The cost by program, highest first; programs below one percent of the total are left out."""
    whole = sum(costs.values())
    parts = sorted(costs.items(), key=lambda item: -item[1])
    return f"{whole:,.0f}: " + " ".join(f"{name} {part:,.0f}" for name, part in parts if part >= whole / 100) if costs else ""


def memory(row):
    return f"{sum(row['memory'].values()) / 2 ** 20:.0f}" if row.get("memory") else ""


COLUMNS = (
    ("scenario", lambda r: r["scenario"]),
    ("ours", lambda r: number(r["ours"])),
    ("floor", lambda r: number(r["floor"])),
    ("unit", lambda r: r["unit"]),
    ("ratio", lambda r: f"{r['ratio']:.2f}"),
    ("bar", lambda r: ("≤ " if r.get("less") else "≥ ") + f"{r['bar']:g}"),
    ("holds", lambda r: "yes" if holds(r) else "no"),
    ("p50 ms", lambda r: milliseconds(r.get("p50_us"))),
    ("p99 ms", lambda r: milliseconds(r.get("p99_us"))),
    ("MiB", memory),
    ("CPU µs per operation", lambda r: cost(r.get("cost", {})) + (f"  [{r['note']}]" if r.get("note") else "")),
    ("floor", lambda r: cost(r.get("floor_cost", {}))),
)


def table(rows):
    """The table as Markdown that is also readable as plain text."""
    cells = [[title for title, _ in COLUMNS]] + [[text(row) for _, text in COLUMNS] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in cells]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def picture(rows, title):
    """One bar per scenario: the ratio relative to its target, with a line at 1 that it must pass."""
    left, wide, step = 330, 420, 30
    height = 70 + step * len(rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + wide + 190} {height}" font-family="sans-serif" font-size="13">',
           f'<rect width="100%" height="100%" fill="#fff"/><text x="12" y="24" font-size="15">{escape(title)}</text>']
    scale = wide / 3
    for i, row in enumerate(rows):
        y = 44 + i * step
        part = (row["bar"] / row["ratio"] if row.get("less") else row["ratio"] / row["bar"]) if row["ratio"] > 0 else 0
        colour = "#2a7d4f" if holds(row) else "#b3422c"
        out.append(f'<text x="{left - 10}" y="{y + 15}" text-anchor="end">{escape(row["scenario"])}</text>')
        out.append(f'<rect x="{left}" y="{y}" width="{min(part, 3) * scale:.1f}" height="20" fill="{colour}"/>')
        out.append(f'<text x="{left + min(part, 3) * scale + 8:.1f}" y="{y + 15}">{number(row["ours"])} {escape(row["unit"])}, '
                   f'{row["ratio"]:.2f} of {row["bar"]:g}</text>')
    out.append(f'<line x1="{left + scale}" x2="{left + scale}" y1="36" y2="{height - 14}" stroke="#333" stroke-dasharray="4 3"/></svg>')
    return "\n".join(out)


def write(folder, name, machine, rows):
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
    (folder / f"{name}.md").write_text(f"# {machine['when']}, {machine['mode']}\n\n{machine['cpus']} processors "
                                       f"({machine['cpu']}), {machine['memory_mib']} MiB, load before {machine['load']}\n\n{table(rows)}\n")
    (folder / f"{name}.svg").write_text(picture(rows, f"Purse against its floors, {machine['when']}") + "\n")
