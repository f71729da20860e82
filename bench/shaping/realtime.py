#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adaptive limits against hidden ones in real time over loopback, Penstock beside Postfix.

Eight source addresses, four providers whose hidden limits rise, fall and step (realtime.toml, played by penstock-sim),
100,000 recipients that all wait when the time-line begins. It is cut off after three minutes, so a sender is judged by
what it got through in that time. About nine minutes on two cores, most of them the two time-lines.

    bench/shaping/run --real-time            a table, also to bench/results/shaping.md, and a plot. With other arguments
                                             than --bin and --folder only the table is printed: the file holds the default
    bench/shaping/run --real-time --json     one object with every figure
    bench/shaping/run --real-time --only penstock --seconds 60
"""
import argparse
import json
import math
import os
import pathlib
import platform
import resource
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE)]
import fleets  # noqa: E402
import goals  # noqa: E402
import hidden  # noqa: E402
import lines  # noqa: E402
import procs  # noqa: E402
from internet import Internet, UrgentMail  # noqa: E402

SHARES = {"gmail": 36, "microsoft": 24, "yahoo": 28, "apple": 12}
URGENT_PER_SECOND = 4
LOOK_EACH_S = 0.25
NAMES = {"penstock": "Penstock", "postfix": "Postfix"}


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def watch(internet, urgent, name, seconds):
    """Until the time is over; returns the last report."""
    began = time.monotonic()
    while True:
        report, passed = internet.report(), time.monotonic() - began
        urgent.saw(report["by_domain"])
        done = min(30, int(30 * passed / seconds))
        progress(f"{name} [{'#' * done}{'.' * (30 - done)}] {passed:.0f}/{seconds} s, {report['received']:,} taken")
        if passed >= seconds:
            return report
        time.sleep(LOOK_EACH_S)


def play(sender, internet, options):
    """One sender through the whole time-line; its report, delays of urgent mail and processor time."""
    domains = {domain: SHARES[name] for name, (domain, _, _) in fleets.PROVIDERS.items()}
    sender.start()
    try:
        progress(f"{sender.name} takes {options.recipients:,} messages")
        internet.feed(sender.port, options.recipients, domains, options.size, fleets.BULK)
        sender.ready()
        urgent = UrgentMail(sender.port, fleets.URGENT, [f"now.{domain}" for domain in domains], URGENT_PER_SECOND)
        cpu = procs.cpu_seconds(sender.root)
        internet.begin()
        sender.release()
        with urgent:
            report = watch(internet, urgent, sender.name, options.seconds)
        return report, urgent, procs.cpu_seconds(sender.root) - cpu
    finally:
        sender.stop()
        progress("")


def of_provider(name, seen, limits, options):
    """Figures of one provider, second by second and in sum."""
    rows = {row[0]: row for row in seen["seconds"]}
    taken = [rows[i][3] if i in rows else 0 for i in range(options.seconds)]
    refused = [rows[i][4] if i in rows else 0 for i in range(options.seconds)]
    allowed = limits.allowed_by_second(fleets.SOURCES, options.seconds)
    mail = options.recipients * SHARES[name] / sum(SHARES.values())
    steps = [step for step in limits.steps if step + hidden.WINDOW < options.seconds]
    settled = [hidden.settle(allowed, taken, refused, begin, end)
               for begin, end in zip(steps, steps[1:] + [options.seconds])]
    reasons = {}
    for source in seen["sources"].values():
        for reason, count in source["refused"].items():
            reasons[reason] = reasons.get(reason, 0) + count
    return {"allowed": allowed, "taken": taken, "goodput": hidden.goodput(allowed, taken, mail), "settled": settled,
            "refused": sum(refused), "reasons": reasons, "overstepped": seen["violations"], "snowshoe": seen["snowshoe"]}


def figures(report, urgent, cpu, options):
    limits = hidden.load(options.scenario)
    providers = {name: of_provider(name, report["providers"][name], limits[name], options) for name in SHARES}
    taken = sum(sum(one["taken"]) for one in providers.values())
    refused = sum(one["refused"] for one in providers.values())
    counted, possible = (sum(one["goodput"][i] for one in providers.values()) for i in (0, 1))
    settled = [time_ for one in providers.values() for time_ in one["settled"]]
    delays, missing = urgent.delays()
    reasons = {}
    for one in providers.values():
        for reason, count in one["reasons"].items():
            reasons[reason] = reasons.get(reason, 0) + count
    return {"taken": taken, "goodput_share": counted / possible if possible else 1.0,
            "refused_share": refused / max(1, taken + refused), "refused": refused, "reasons": reasons,
            "overstepped": sum(one["overstepped"] for one in providers.values()),
            "settle_s": max((s for s in settled if s is not None), default=math.inf if settled else 0.0), "steps": len(settled),
            "not_settled": settled.count(None), "transactional_p99_s": hidden.percentile(delays, 0.99),
            "transactional_median_s": hidden.percentile(delays, 0.5), "transactional_missing": missing,
            "snowshoe": sum(one["snowshoe"] for one in providers.values()), "duplicates": report["duplicates"],
            "cpu_us_per_message": cpu * 1e6 / max(1, taken),
            "providers": {name: {"goodput_share": one["goodput"][0] / max(1.0, one["goodput"][1]),
                                 "refused": one["refused"], "settle_s": one["settled"], "by_second": one["taken"],
                                 "allowed_by_second": one["allowed"]} for name, one in providers.items()}}


def goals_of(result):
    ours = result["senders"].get("penstock")
    if ours is None:
        return []
    found = [goals.judge("goodput", ours["goodput_share"], least=0.95),
             goals.judge("share of attempts refused", ours["refused_share"], most=0.005),
             goals.judge("settled after a step", ours["settle_s"], most=60, unit=" s"),
             goals.judge("steps that never settled", ours["not_settled"], most=0),
             goals.judge("transactional p99", ours["transactional_p99_s"], most=5, unit=" s"),
             goals.judge("snowshoe", ours["snowshoe"], most=0)]
    theirs = result["senders"].get("postfix")
    if theirs:
        found.append(goals.judge("taken", ours["taken"] / max(1, theirs["taken"]), least=1, unit=" x Postfix"))
    return found


def table(result):
    rows = [("taken", "taken", "{:,}"), ("goodput", "goodput_share", "{:.1%}"), ("refused", "refused", "{:,}"),
            ("refused, share of attempts", "refused_share", "{:.2%}"),
            ("attempts that overstepped a hidden limit", "overstepped", "{:,}"),
            ("slowest step that settled, s", "settle_s", "{:.0f}"), ("steps", "steps", "{}"),
            ("steps that did not settle", "not_settled", "{}"),
            ("transactional, median, s", "transactional_median_s", "{:.1f}"),
            ("transactional, p99, s", "transactional_p99_s", "{:.1f}"),
            ("transactional that did not arrive", "transactional_missing", "{}"),
            ("snowshoe", "snowshoe", "{}"), ("CPU µs/message", "cpu_us_per_message", "{:,.0f}")]
    senders = result["senders"]
    text = [f"| | {' | '.join(NAMES[name] for name in senders)} |", f"|---|{'--:|' * len(senders)}"]
    text += [f"| {what} | {' | '.join(form.format(one[key]) for one in senders.values())} |" for what, key, form in rows]
    text += [f"| goodput at {provider} | " + " | ".join(f"{one['providers'][provider]['goodput_share']:.1%}"
                                                        for one in senders.values()) + " |" for provider in SHARES]
    reasons = [f"{NAMES[name]}: " + (", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in
                                               sorted(one["reasons"].items())) or "none") for name, one in senders.items()]
    return "\n".join(text) + "\n\nRefused for: " + "; ".join(reasons) + "."


def draw(result):
    """docs/img/shaping_realtime.svg: what was allowed and what each got through."""
    colours = {"penstock": "#0969da", "postfix": "#8c959f"}
    names = [("allowed", "#d62728")] + [(NAMES[name], colours[name]) for name in result["senders"]]
    first = next(iter(result["senders"].values()))
    panels = [(f"{provider}, messages/s", [first["providers"][provider]["allowed_by_second"]] +
               [one["providers"][provider]["by_second"] for one in result["senders"].values()]) for provider in SHARES]
    lines.write_lines(ROOT / "docs/img/shaping_realtime.svg", "What hidden limits allowed and what was taken", names, panels)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--scenario", type=pathlib.Path, default=HERE / "realtime.toml")
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=180, help="of the time-line")
    parser.add_argument("--size", default="10KiB")
    parser.add_argument("--only", choices=NAMES, help="one sender alone")
    parser.add_argument("--folder", default="/var/tmp", help="where the queues are: a real disk")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
    result = {"machine": {"cpus": os.cpu_count(), "kernel": platform.release()}, "recipients": options.recipients,
              "seconds": options.seconds, "senders": {}}
    for name in [options.only] if options.only else NAMES:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-shaping-", dir=options.folder))
        folder.chmod(0o755)
        try:
            with Internet(folder, options.bin, options.scenario) as internet:
                sender = (fleets.Penstock(folder, internet, options.bin) if name == "penstock"
                          else fleets.Postfix(folder, internet))
                result["senders"][name] = figures(*play(sender, internet, options), options)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    result["goals"] = goals_of(result)
    if options.json:
        print(json.dumps(result))
        return
    text = f"{table(result)}\n\n{goals.lines(result['goals'])}"
    print(text)
    asked = vars(options)
    if any(asked[name] != parser.get_default(name) for name in asked if name not in ("bin", "folder")):
        return
    draw(result)
    (ROOT / "bench/results/shaping.md").write_text(
        f"# Hidden limits in real time: Penstock beside Postfix\n\n`bench/shaping/run --real-time`, "
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Linux {platform.release()}: {options.recipients:,} "
        f"recipients that wait from the beginning, {options.seconds} s, 8 source addresses, limits of "
        f"`bench/shaping/{options.scenario.name}`. [bench/shaping/README.md](../shaping/README.md) says what is what.\n\n"
        f"{text}\n\n![Allowed and taken](../../docs/img/shaping_realtime.svg)\n")


if __name__ == "__main__":
    main()
