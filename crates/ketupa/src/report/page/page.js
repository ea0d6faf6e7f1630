"use strict";
// Draws the findings of a proof on the map. Words of the network are only ever set as text.
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const data = read("data"), words = read("words");
  const $ = (id) => document.getElementById(id);
  const map = $("map"), slider = $("slider");
  const shapes = new Map([...map.querySelectorAll("[data-key]")].map((g) => [g.dataset.key, g]));
  let say = words.en, scene = 0, chosen = -1;

  // No word of the network turns the direction of those beside it.
  const tame = (text) => String(text).replace(/[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
  const make = (name, text, marks = {}) => {
    const element = document.createElement(name);
    if (text !== null && text !== undefined) element.textContent = tame(text);
    for (const [key, value] of Object.entries(marks)) element.setAttribute(key, value);
    return element;
  };
  const drawn = (name, marks) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(marks)) element.setAttribute(key, value);
    return element;
  };
  const broken = (failure) => failure.length ? `${say.without} ${failure.join(", ")}` : say.nothing;

  // The map.
  const wipe = () => {
    for (const g of shapes.values()) g.classList.remove("dead", "ill", "lit", "back", "end-of");
    for (const g of map.querySelectorAll(".step, .cross")) g.remove();
    map.classList.remove("shows");
  };
  const corner = (g) => {
    const rect = g.querySelector(":scope > rect");
    const at = (name) => Number(rect.getAttribute(name));
    return rect !== null && { x: at("x"), y: at("y"), w: at("width"), h: at("height") };
  };
  // Where a box is crossed out: its upper right corner; a line: where it leaves its box.
  const spot = (g) => {
    const box = corner(g), path = g.querySelector(":scope > path");
    if (box) return [box.x + box.w - 14, box.y + 14];
    const [x, y, , to] = (path?.getAttribute("d") ?? "").split(/[^-0-9]+/).slice(1).map(Number);
    return Number.isFinite(y) ? [x, y + 14 * Math.sign(to - y)] : null;
  };
  const cross = (g) => {
    const at = spot(g);
    if (!at) return;
    const [x, y] = at;
    const mark = drawn("g", { class: "cross" });
    mark.append(drawn("path", { d: `M${x - 7} ${y - 7}l14 14M${x + 7} ${y - 7}l-14 14` }));
    map.querySelector("svg").append(mark);
  };
  const step = (key, number, kind) => {
    const box = shapes.has(key) && corner(shapes.get(key));
    if (!box) return;
    if (map.querySelector(`.step.${kind}[data-of="${CSS.escape(key)}"][data-number="${number}"]`)) return;
    const shift = map.querySelectorAll(`.step[data-of="${CSS.escape(key)}"]`).length * 20;
    const mark = drawn("g", { class: `step ${kind}`, "data-of": key, "data-number": number });
    mark.append(drawn("circle", { cx: box.x + 2 + shift, cy: box.y, r: 9 }));
    const text = drawn("text", { x: box.x + 2 + shift, y: box.y + 4 });
    text.textContent = number;
    mark.append(text);
    map.querySelector("svg").append(mark);
  };
  const light = (ways, kind, mark) => ways.forEach((way) => way.forEach((keys, index) => {
    for (const key of keys) shapes.get(key)?.classList.add(kind);
    step(keys[0], index + 1, mark);
  }));
  const paint = () => {
    wipe();
    const cut = data.scenes[scene].failure.map((name) => name.replace(/^link\./, "nic."));
    for (const key of data.scenes[scene].dead) {
      if (key.startsWith("daemon.")) shapes.get(key.replace("daemon.", "host."))?.classList.add("ill");
      const g = shapes.get(key);
      if (g) { g.classList.add("dead"); if (cut.includes(key) || key.startsWith("host.")) cross(g); }
    }
    const finding = data.findings[chosen];
    if (!finding) return;
    map.classList.add("shows");
    for (const key of finding.ends) shapes.get(key)?.classList.add("end-of");
    light(finding.back, "back", "of-back");
    light(finding.lit, "lit", "of-way");
    map.querySelector(".step")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  // The list.
  const list = () => {
    $("findings").replaceChildren(...data.findings.map((finding, index) => {
      const { told, scene: own } = finding, item = make("li");
      const here = data.scenes[scene].findings.includes(index);
      if (here) item.classList.add("here");
      if (told.accepted !== null) item.classList.add("accepted");
      const button = make("button", null, { type: "button", "aria-pressed": String(index === chosen) });
      button.append(make("span", told.finding.code, { class: "code" }), tame(told.finding.message));
      const small = told.accepted === null ? "" : `${say.accepted}${say.colon}${told.accepted} · `;
      button.append(make("span", small + broken(data.scenes[own].failure), { class: "small" }));
      button.addEventListener("click", () => choose(index === chosen ? -1 : index));
      item.append(button);
      return item;
    }));
    if (!data.findings.length) $("findings").append(make("li", data.holds ? say.none : say.silent));
  };

  // One finding.
  const table = (way) => {
    const head = make("tr"), body = make("tbody"), all = make("table");
    for (const key of ["#", "host", "in", "out", "by"]) head.append(make("th", say[key] ?? key, { scope: "col" }));
    way.forEach((hop, index) => {
      const row = make("tr");
      for (const cell of [index + 1, hop.host, hop.input, hop.output, hop.by]) row.append(make("td", cell ?? ""));
      if (hop.file !== null) row.lastChild.append(make("span", `${hop.file}:${hop.line}`, { class: "small" }));
      body.append(row);
    });
    all.append(make("thead"), body);
    all.tHead.append(head);
    const scroll = make("div", null, { class: "scroll", tabindex: "0" });
    scroll.append(all);
    return scroll;
  };
  const detail = () => {
    const box = $("detail"), finding = data.findings[chosen];
    box.hidden = !finding;
    if (!finding) return box.replaceChildren();
    const { told } = finding, facts = make("dl"), title = make("h2", `${told.finding.code} · ${told.title}`);
    const close = make("button", say.close, { type: "button" });
    close.addEventListener("click", () => choose(-1));
    title.append(close);
    const fact = (name, ...parts) => { const dd = make("dd"); dd.append(...parts.map((part) => typeof part === "string" ? tame(part) : part)); facts.append(make("dt", name), dd); };
    if (finding.quote !== null) {
      fact(say.declared, make("code", `${told.finding.file}:${told.finding.line}`), make("pre", finding.quote));
    }
    if (told.finding.hint !== null) fact(say.mend, told.finding.hint);
    if (told.route !== null) fact(say.route, make("code", told.route));
    if (told.flow) {
      const { from, source, to, destination, port } = told.flow;
      fact(say.flow, `${from} (${source}) ${say.to} ${to} (${destination}), ${port ?? say.any}`);
    }
    if (told.answerers.length) fact(say.answerers, told.answerers.join(", "));
    box.replaceChildren(title, make("p", told.finding.message), facts);
    told.ways.forEach((way, index) => {
      const number = told.ways.length > 1 ? ` ${index + 1}/${told.ways.length}` : "";
      box.append(make("h3", say.way + number, { class: "way" }), table(way));
    });
    const ending = (end) => { if (end) box.append(make("p", say.end[end.end] + say.colon + end.what, { class: "end" })); };
    ending(told.end);
    for (const way of told.back) box.append(make("h3", say.back, { class: "back" }), table(way));
    ending(told.back_end);
    if (told.others.length) {
      const first = told.others.slice(0, 5).map((failure) => failure.join(", ")).join("; ");
      const more = told.others.length > 5 ? `; ${say.more} ${told.others.length - 5}` : "";
      box.append(make("h3", say.others), make("p", first + more));
    }
    box.append(make("h3", say.replay), make("pre", told.replay));
  };

  // One set of failures.
  const changes = () => {
    const { failure, changes: told } = data.scenes[scene], box = $("changes");
    box.replaceChildren(make("h2", say.changes));
    if (told === null || !told.length) {
      const why = told !== null ? say.same : failure.length ? say.untold : say.unasked;
      box.append(make("p", why));
      return;
    }
    const all = make("ul");
    for (const { what, before, after, lost } of told) {
      const item = make("li", what, lost ? { class: "lost" } : {});
      item.append(make("span", `${say.was}${say.colon}${before ?? say.fresh} · ${say.now}${say.colon}${after ?? say.gone}`, { class: "small" }));
      all.append(item);
    }
    box.append(all);
  };

  const show = () => {
    slider.max = data.scenes.length - 1;
    slider.value = scene;
    const name = `${scene + 1}/${data.scenes.length} · ${broken(data.scenes[scene].failure)}`;
    $("scene").textContent = name;
    slider.setAttribute("aria-valuetext", name);
    list(); detail(); changes(); paint();
  };
  const remember = () => {
    const hash = chosen < 0 ? `#scene=${scene}` : `#finding=${encodeURIComponent(data.findings[chosen].told.id)}`;
    try { history.replaceState(null, "", hash); } catch { /* A page in a sandbox has no history. */ }
  };
  const choose = (index) => {
    chosen = index;
    if (index >= 0) scene = data.findings[index].scene;
    remember(); show();
    if (document.activeElement === document.body) $("findings").querySelectorAll("button")[index]?.focus();
  };
  const move = (to) => {
    scene = Math.max(0, Math.min(data.scenes.length - 1, to));
    if (chosen >= 0 && !data.scenes[scene].findings.includes(chosen)) chosen = -1;
    remember(); show();
  };
  const speak = (asked) => {
    const language = Object.hasOwn(words, asked) ? asked : "en";
    say = words[language];
    document.documentElement.lang = language;
    for (const element of document.querySelectorAll("[data-say]")) element.textContent = say[element.dataset.say];
    for (const button of document.querySelectorAll("[data-lang]")) {
      button.setAttribute("aria-pressed", String(button.dataset.lang === language));
    }
    show();
  };
  const follow = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    const index = data.findings.findIndex((finding) => finding.told.id === asked.get("finding"));
    chosen = index;
    scene = index >= 0 ? data.findings[index].scene : Math.min(Number.parseInt(asked.get("scene"), 10) || 0, data.scenes.length - 1);
    scene = Math.max(0, scene);
    speak(asked.get("lang") ?? navigator.language.slice(0, 2));
  };

  $("summary").textContent = data.summary;
  $("summary").classList.toggle("good", data.holds);
  slider.addEventListener("input", () => move(Number(slider.value)));
  $("before").addEventListener("click", () => move(scene - 1));
  $("after").addEventListener("click", () => move(scene + 1));
  for (const button of document.querySelectorAll("[data-lang]")) {
    button.addEventListener("click", () => speak(button.dataset.lang));
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && chosen >= 0) choose(-1); });
  window.addEventListener("hashchange", follow);
  follow();
})();
