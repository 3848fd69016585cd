/* Draws the charts of a page with uPlot: mean line, min-max band, limits; drag zooms all of them, double-click returns. */
(() => {
  const SIZES = ["B", "kB", "MB", "GB", "TB", "PB"];
  const COLOURS = { light: ["#2563dc", "#c2410c", "#0b7d72", "#7b3fc4", "#0e7490", "#a21caf", "#4d7c0f", "#be123c"], dark: ["#6ea2ff", "#fb923c", "#2dd4bf", "#c4a5ff", "#38bdf8", "#e879f9", "#a3e635", "#fb7185"] };
  // Beside its colour a curve has a dash of its own, and another one for what it was earlier.
  const DASHES = [[], [8, 5], [2, 4], [12, 4, 2, 4]];
  const EARLIER = [[2, 6], [8, 4, 2, 4, 2, 4], [1, 9], [15, 8]];
  const language = document.documentElement.lang;
  const locale = language === "en" ? "en-GB" : language;
  const figures = () => [...document.querySelectorAll("figure[data-chart]")];
  const zone = document.documentElement.dataset.zone;
  const shade = () => document.documentElement.dataset.shade;
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const view = { range: null, from: null, to: null }; // range: the one that the reader chose for all
  const plots = new Map();

  const sized = (value, steps, base) => {
    let at = 0;
    let left = value;
    while (Math.abs(left) >= base && at < steps.length - 1) { left /= base; at += 1; }
    return `${numbers.format(Math.round(left * 100) / 100)} ${steps[at]}`;
  };

  const worded = (value, unit) => {
    if (value === null || value === undefined) return "–";
    if (unit === "B") return sized(value, SIZES, 1000);
    if (unit === "B/s") return `${sized(value, SIZES, 1000)}/s`;
    if (unit === "bit/s") return sized(value, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"], 1000);
    if (unit === "s" && value >= 172800) return `${numbers.format(Math.round(value / 8640) / 10)} d`;
    if (unit === "s" && value >= 7200) return `${numbers.format(Math.round(value / 360) / 10)} h`;
    if (unit === "%" && language === "en") return `${numbers.format(value)}%`;
    return unit ? `${numbers.format(value)} ${unit}` : numbers.format(value);
  };

  const clock = (span) => {
    const days = span > 2 * 86400;
    const form = new Intl.DateTimeFormat(locale, days ? { timeZone: zone, day: "numeric", month: "numeric" } : { timeZone: zone, hour: "2-digit", minute: "2-digit" });
    return (_, splits) => splits.map((at) => form.format(new Date(at * 1000)));
  };
  const moment = new Intl.DateTimeFormat(locale, { timeZone: zone, day: "numeric", month: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });

  const say = (figure, text) => {
    const box = document.createElement("div");
    box.className = "chart-say";
    box.textContent = text;
    figure.classList.add("empty-chart");
    figure.querySelector(".chart-plot").replaceChildren(box);
    figure.querySelector("figcaption").replaceChildren();
  };

  const limitLines = (figure) => ["warning", "critical"].filter((name) => figure.dataset[name] !== undefined)
    .map((name) => ({ name, value: Number(figure.dataset[name]) }));

  // A word fits beside its line if it stays inside the plot: critical above the line, warning below it.
  const roomy = (plot, figure, name, y) => {
    const { top, height } = plot.bbox;
    const need = 13 * devicePixelRatio;
    const shared = name === "warning" && figure.dataset.warning === figure.dataset.critical;
    return !shared && (name === "critical" ? y - need >= 0 : y + need <= top + height);
  };

  const drawLimits = (figure) => (plot) => {
    const { ctx, bbox } = plot;
    for (const { name, value } of limitLines(figure)) {
      const y = plot.valToPos(value, "y", true);
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      ctx.save();
      ctx.strokeStyle = token(`--${name}`);
      ctx.lineWidth = 1.5 * devicePixelRatio;
      ctx.setLineDash([6 * devicePixelRatio, 5 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      if (roomy(plot, figure, name, y)) {
        ctx.fillStyle = token(`--${name}-ink`);
        ctx.font = `${11 * devicePixelRatio}px Inter, system-ui, sans-serif`;
        ctx.textAlign = "right";
        ctx.textBaseline = "alphabetic";
        ctx.fillText(figure.dataset[`${name}Word`], bbox.left + bbox.width - 4 * devicePixelRatio, y + (name === "critical" ? -4 : 12) * devicePixelRatio);
      }
      ctx.restore();
    }
  };

  const look = (curve) => {
    const colours = COLOURS[shade()];
    const dash = (curve.earlier ? EARLIER : DASHES)[curve.tone % DASHES.length];
    return { stroke: colours[curve.tone % colours.length], dash, width: curve.earlier ? 1.3 : 1.7 };
  };

  const swatch = (curve) => {
    const { stroke, dash, width } = look(curve);
    const box = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    box.setAttribute("viewBox", "0 0 26 4");
    box.classList.add("swatch");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const given = { d: "M0 2H26", stroke, "stroke-width": width + 0.5, "stroke-dasharray": dash.join(" ") || "none" };
    for (const [name, value] of Object.entries(given)) line.setAttribute(name, value);
    box.append(line);
    return box;
  };

  const caption = (figure, data) => (plot) => {
    const words = figure.dataset;
    const at = plot.cursor.idx;
    const parts = [];
    const several = data.curves.length > 1;
    data.curves.forEach((curve) => {
      const key = document.createElement("span");
      key.className = "key";
      const index = at ?? curve.mean.findLastIndex((value) => value !== null);
      const name = several || curve.label ? `${curve.label} ` : "";
      const spread = !several && at !== null ? ` (${words.min} ${worded(curve.min[index], data.unit)}, ${words.max} ${worded(curve.max[index], data.unit)})` : "";
      key.append(swatch(curve), `${name}${worded(curve.mean[index], data.unit)}${spread}`);
      parts.push(key);
    });
    if (at !== null && at !== undefined) parts.unshift(moment.format(new Date(data.ts[at] * 1000)));
    if (data.more) parts.push(`${words.more} ${data.more}`);
    figure.querySelector("figcaption").replaceChildren(...parts.map((part) => {
      if (typeof part !== "string") return part;
      const text = document.createElement("span");
      text.textContent = part;
      return text;
    }));
  };

  const scaleOf = (figure, data) => {
    if (data.unit === "%") return [0, 100];
    const limits = limitLines(figure).map((limit) => limit.value);
    const tops = data.curves.flatMap((curve) => curve.max).filter((value) => value !== null);
    const top = Math.max(0, ...tops, ...limits.filter((limit) => limit < 3 * Math.max(...tops)));
    const low = Math.min(0, ...data.curves.flatMap((curve) => curve.min).filter((value) => value !== null));
    return [low, top > low ? top * 1.08 : low + 1];
  };

  const labelled = (_, texts) => 16 + 6.4 * Math.max(3, ...(texts ?? []).map((text) => text.length));

  const series = (data) => {
    const single = data.curves.length === 1;
    const lines = [{}];
    const columns = [data.ts];
    const bands = [];
    data.curves.forEach((curve) => {
      const { stroke, dash, width } = look(curve);
      if (single) {
        lines.push({ stroke: "transparent", points: { show: false } }, { stroke: "transparent", points: { show: false } });
        columns.push(curve.max, curve.min);
        bands.push({ series: [1, 2], fill: `${stroke}2b` });
      }
      const few = curve.mean.filter((value) => value !== null).length < 3;
      lines.push({ stroke, width, dash, points: { show: few, size: 7, fill: stroke } });
      columns.push(curve.mean);
    });
    return { lines, columns, bands };
  };

  const draw = (figure, data) => {
    const box = figure.querySelector(".chart-plot");
    plots.get(figure)?.destroy();
    plots.delete(figure);
    if (!data.ts.length) { say(figure, figure.dataset.empty); return; }
    figure.classList.remove("empty-chart");
    const { lines, columns, bands } = series(data);
    const ink = { stroke: token("--mut"), font: "11.5px Inter, system-ui, sans-serif", grid: { stroke: token("--line-soft"), width: 1 }, ticks: { show: false } };
    const [low, high] = scaleOf(figure, data);
    box.replaceChildren();
    const plot = new uPlot({
      padding: [14, null, null, null],
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone),
      width: Math.max(box.clientWidth, 200), height: box.clientHeight, bands, legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { show: false } },
      scales: { x: { time: true, range: () => [data.from, data.to] }, y: { range: () => [low, high] } },
      axes: [{ ...ink, values: clock(data.to - data.from), space: 66, size: 28 }, { ...ink, values: (_, splits) => splits.map((value) => worded(value, data.unit)), size: labelled, space: 34 }],
      series: lines,
      hooks: {
        draw: [drawLimits(figure)], setCursor: [caption(figure, data)],
        setSelect: [(self) => {
          if (self.select.width < 8) return;
          const from = self.posToVal(self.select.left, "x");
          const to = self.posToVal(self.select.left + self.select.width, "x");
          self.setSelect({ width: 0, left: 0, top: 0, height: 0 }, false);
          zoom(from, to);
        }],
      },
    }, columns, box);
    plots.set(figure, plot);
    caption(figure, data)(plot);
  };

  const load = async (figure) => {
    const query = new URLSearchParams({ metric: figure.dataset.metric });
    if (figure.dataset.only) query.set("only", figure.dataset.only);
    for (const other of figure.dataset.with?.split(" ") ?? []) query.append("with", other);
    if (figure.dataset.shift) query.set("shift", figure.dataset.shift);
    const { from, to } = figure.dataset;
    if (view.from === null && from) { query.set("from", from); query.set("to", to); }
    else if (view.from !== null) { query.set("from", view.from); query.set("to", view.to); } else query.set("range", view.range ?? figure.dataset.range);
    const asked = String(query);
    figure.asked = asked;
    try {
      const answer = await fetch(`${figure.dataset.chart}?${query}`, { headers: { Accept: "application/json" } });
      if (answer.redirected) { location.reload(); return; } // signed out meanwhile
      const data = await answer.json();
      if (figure.asked !== asked) return; // the reader has chosen another range since
      if (!answer.ok) throw new Error(String(answer.status));
      figure.drawn = data;
      draw(figure, data);
    } catch {
      if (figure.asked !== asked) return;
      plots.get(figure)?.destroy();
      plots.delete(figure);
      say(figure, figure.dataset.broken);
    }
  };

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !entry.target.drawn) { entry.target.drawn = {}; load(entry.target); }
    }
  }, { rootMargin: "200px" });

  const reload = () => figures().filter((figure) => figure.drawn).forEach(load);
  const chosen = () => new URLSearchParams(location.search).get("range") ?? "24h";
  const zoom = (from, to) => {
    view.from = from; view.to = to;
    document.querySelectorAll("#ranges button").forEach((button) => button.setAttribute("aria-pressed", String(from === null && button.dataset.range === (view.range ?? chosen()))));
    reload();
  };
  const watch = () => figures().forEach((figure) => seen.observe(figure));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("#ranges button");
    if (!button) return;
    view.range = button.dataset.range;
    const address = new URL(location);
    address.searchParams.set("range", view.range);
    history.replaceState(history.state, "", address);
    zoom(null, null);
    const timeline = document.getElementById("timeline");
    if (!timeline) return;
    timeline.setAttribute("hx-get", `${timeline.getAttribute("hx-get").split("?")[0]}?range=${view.range}`);
    htmx.trigger(timeline, "again");
  });
  document.addEventListener("dblclick", (event) => {
    if (event.target.closest("figure[data-chart] .chart-plot")) zoom(null, null);
  });
  document.addEventListener("predvid:theme", () => figures().forEach((figure) => figure.drawn?.ts && draw(figure, figure.drawn)));
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail?.ctx?.target?.id !== "live") return;
    watch();
    if (view.from === null) reload();
  });
  let settle = null;
  window.addEventListener("resize", () => {
    clearTimeout(settle);
    settle = setTimeout(() => plots.forEach((plot, figure) => {
      const box = figure.querySelector(".chart-plot");
      if (box.clientWidth) plot.setSize({ width: box.clientWidth, height: box.clientHeight });
    }), 150);
  });
  watch();
})();
