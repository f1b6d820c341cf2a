"use strict";
// Texts of the data come from strangers: they are only ever set as text, never read as HTML.

const $ = (id) => document.getElementById(id);
const D = JSON.parse($("data").textContent);
const pick = (names, rows) => rows.map((row, number) => Object.fromEntries([["number", number], ...names.map((name, at) => [name, row[at]])]));
const PEOPLE = pick(["key", "name", "employment", "manager", "ends", "troubled"], D.people);
const ORGANIZATIONS = pick(["key", "name", "system", "mode", "read", "stateless", "unmanaged", "unseen", "admins", "lasting", "months", "elsewhere", "reviewed", "due", "overdue"], D.organizations);
const THINGS = pick(["organization", "kind", "key", "troubled"], D.things);
const ROLES = pick(["text", "manages", "pays", "reads"], D.roles);
const WAYS = pick(["through", "via", "reason", "file"], D.ways);
const CELLS = pick(["person", "thing", "role", "status", "ends", "since", "remark", "troubled", "risk", "reasons"], D.cells);
D.cells.forEach((row, number) => { CELLS[number].lines = row.slice(10); });
const note = (number) => D.notes[number];

const STATUSES = {
  "held": ["", "as declared"],
  "pending": ["…", "asked for, nobody has answered"],
  "different": ["~", "not as declared"],
  "missing": ["+", "declared, not there"],
  "undeclared": ["!", "there, not declared"],
  "over": ["×", "there, should have ended"],
  "implied": ["=", "given by a role"],
  "not recorded": ["?", "declared, nothing recorded"],
  "not yet": [">", "begins later"],
};
const IS_THERE = new Set(["held", "different", "undeclared", "over", "implied"]);
const IS_OFF = new Set(["different", "missing", "undeclared", "over"]);
const days = (text) => Math.round((Date.parse(text) - Date.parse(D.today)) / 864e5);
const NOTE_DAYS = D.notes.map((text) => /^\d{4}-\d\d-\d\d$/.test(text) ? days(text) : NaN);
const isThing = (thing) => thing.kind !== "organization";
const plural = (number, one, several) => number === 1 ? one : several;
const count = (number, one, several) => `${number.toLocaleString("en")} ${plural(number, one, several)}`;

// Elements. Words of `make` become text; elements are put in as they are.
function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
    else if (name in node && !name.includes("-")) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== ""));
  return node;
}
const name = (text) => make("bdi", {}, ...String(text).split("/").flatMap((part, at) => at ? ["/", make("wbr"), part] : [part]));
// As work orders write it: what stands between backticks is to be copied as it is.
function prose(text) {
  const parts = text.split("`");
  return parts.length % 2 && parts.length > 1 ? make("bdi", {}, ...parts.map((part, at) => at % 2 ? make("code", {}, part) : part)) : name(text);
}
const link = (text, run, label) => {
  const node = make("button", {type: "button", className: "link", on: {click: run}}, name(text));
  if (label) node.setAttribute("aria-label", label);
  return node;
};
function mark(status, withWords = true) {
  const [sign, words] = STATUSES[status];
  if (!sign) return withWords ? words : "";
  const tone = status === "undeclared" || status === "over" ? "bad" : IS_OFF.has(status) ? "warn" : "plain";
  const node = make("span", {className: `mark ${tone}`, title: words}, make("b", {"aria-hidden": "true"}, sign));
  node.append(make("span", {className: withWords ? "" : "unseen"}, ` ${words}`));
  return node;
}
const isPartner = (person) => person.employment === "partner";
function holders(numbers) {
  const partners = [...numbers].filter((number) => isPartner(PEOPLE[number])).length, people = numbers.size - partners;
  return [people || !partners ? count(people, "person", "people") : "", partners ? count(partners, "partner", "partners") : ""].filter(Boolean).join(", ");
}
const label = (person) => person.name || person.key;
const thingLabel = (thing) => isThing(thing) ? `${thing.kind} ${thing.key}` : thing.key;
function endMark(cell) {
  const left = NOTE_DAYS[cell.ends];
  if (!(left <= 90)) return "";
  return make("span", {className: `mark ${left <= 30 ? "warn" : "plain"}`}, left < 0 ? `ended ${note(cell.ends)}` : `ends ${note(cell.ends)}`);
}
const POWERS = {manages: ["◆", "manages other people's access"], pays: ["$", "sees or manages payments"], reads: ["✉", "reads or writes messages"]};
const RISKS = ["critical", "high", "medium", "low"];
const SEVERITY_SIGNS = ["!! ", "! ", "", ""];
const riskNode = (rank) => make("span", {className: ["mark bad", "mark warn"][rank] || "quiet"}, `${SEVERITY_SIGNS[rank]}${RISKS[rank]}`);
const roleNode = (role) => {
  const held = Object.entries(POWERS).filter(([flag]) => role[flag]).map(([, power]) => power);
  return make("span", {className: held.length ? "power" : ""}, ...held.map(([sign, text]) => make("span", {title: text}, make("span", {"aria-hidden": "true"}, `${sign} `), make("span", {className: "unseen"}, `${text}: `))), name(role.text));
};
function how(cell, withLines) {
  const found = new Map();
  for (let at = 0; at < cell.lines.length; at += 2) {
    const way = WAYS[cell.lines[at]], words = wayOf(cell, way);
    const text = withLines && way.reason ? `${words} (${way.reason})` : words;
    if (!found.has(text)) found.set(text, []);
    if (way.file) found.get(text).push(`${way.file}:${cell.lines[at + 1]}`);
  }
  return [...found].map(([text, places]) => make("div", {}, name(text), withLines && places.length ? make("span", {className: "sub"}, name(places.join(", "))) : ""));
}

const isPhone = () => matchMedia("(max-width: 48rem)").matches;

// Buttons between the sections of something long; none where there is only one.
function turning(page, size, all, what, turn) {
  if (all <= size) return [];
  const from = page * size, button = (by, text, isLast) => make("button", {type: "button", disabled: isLast, "aria-label": `${text} ${what}`, on: {click: () => turn(page + by, by)}}, text);
  return [button(-1, "Before", page === 0), make("span", {}, `${from + 1} to ${Math.min(from + size, all)} of ${count(all, what.slice(0, -1), what)}`), button(1, "Next", from + size >= all)];
}
function keepFocus(pager, by) {
  const [before, , next] = pager.children, wanted = by < 0 ? before : next;
  (wanted.disabled ? by < 0 ? next : before : wanted).focus();
}

// One kind of table for everything: sections of rows, a search of its own where there are many, blocks on a phone.
const TABLES = [];
function show(place, columns, rows, {size = isPhone() ? 12 : 25, search = false, caption, empty, className = ""}) {
  const table = {page: 0, size, rows, all: rows, sorted: null};
  columns = columns.filter((column) => !column.has || rows.some(column.has));  // a column that says nothing takes room
  const body = make("tbody"), pager = make("div", {className: "pager"});
  const heads = columns.map((column, at) => {
    const th = make("th", {scope: "col"});
    if (column.by) th.append(make("button", {type: "button", className: "link", on: {click: () => sort(at)}}, column.head));
    else th.append(...[].concat(column.node || column.head));
    return th;
  });
  function sort(at) {
    const down = table.sorted === at && heads[at].getAttribute("aria-sort") === "ascending";
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[at].setAttribute("aria-sort", down ? "descending" : "ascending");
    const keys = new Map(table.all.map((row) => [row, columns[at].by(row)])), turn = down ? -1 : 1;
    table.sorted = at;
    const order = (one, other) => turn * (keys.get(one) < keys.get(other) ? -1 : keys.get(one) > keys.get(other) ? 1 : 0);
    table.all = [...table.all].sort(order);
    table.rows = [...table.rows].sort(order);
    table.page = 0;
    table.draw();
  }
  table.draw = (most = table.size) => {
    const from = table.page * table.size, shown = table.rows.slice(most > table.size ? 0 : from, most > table.size ? most : from + table.size);
    body.replaceChildren(...shown.map((row) => make("tr", {}, ...columns.map((column, at) => {
      const content = [].concat(column.cell(row)).filter((one) => one !== "" && one !== null);
      const cell = make(at === 0 ? "th" : "td", {}, content.length > 1 || typeof content[0] === "string" ? make("div", {}, ...content) : content[0] || "");
      if (at === 0) cell.scope = "row"; else cell.dataset.label = column.head;
      cell.className = content.length ? column.className || "" : "none";
      return cell;
    }))));
    pager.replaceChildren(...turning(table.page, table.size, table.rows.length, "rows", (page, by) => {
      table.page = page;
      table.draw();
      keepFocus(pager, by);
    }));
    if (!table.rows.length) pager.replaceChildren(make("p", {className: "empty"}, table.all.length ? "Nothing matches." : empty));
    frame.hidden = !table.rows.length;
  };
  const frame = make("div", {className: "scroll"},
    make("table", {className}, make("caption", {className: "unseen"}, caption), make("thead", {}, make("tr", {}, ...heads)), body));
  const parts = [frame, pager];
  if (search && rows.length > 10) {
    const texts = new Map(rows.map((row) => [row, row.join(" ").toLowerCase()]));
    const input = make("input", {type: "search", on: {input: () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      table.rows = table.all.filter((row) => words.every((word) => texts.get(row).includes(word)));
      table.page = 0;
      table.draw();
    }}});
    parts.unshift(make("p", {className: "local"}, make("label", {}, `Search ${caption.toLowerCase()}`, input)));
  }
  place.replaceChildren(...parts);
  table.draw();
  TABLES.push(table);
  for (let at = TABLES.length - 2; at >= 0; at -= 1) if (TABLES[at].place === place) TABLES.splice(at, 1);
  table.place = place;
}

// Filters.
const FOCUS = {person: -1, thing: -1, way: ""};
const HAYS = {
  people: PEOPLE.map((one) => `${one.key} ${one.name} ${one.employment} ${one.manager}`.toLowerCase()),
  things: THINGS.map((one) => `${one.kind} ${one.key} ${ORGANIZATIONS[one.organization].key} ${ORGANIZATIONS[one.organization].name} ${ORGANIZATIONS[one.organization].system}`.toLowerCase()),
  roles: ROLES.map((one) => one.text.toLowerCase()),
  ways: WAYS.map((one) => `${one.through} ${one.via} ${one.reason} ${one.file}`.toLowerCase()),
  notes: D.notes.map((one) => one.toLowerCase()),
};
for (const way of WAYS) way.name = [way.through, way.via].filter(Boolean).join(", ");
const ENDS = {
  "30": ["within 30 days", (left) => left >= 0 && left <= 30], "90": ["within 90 days", (left) => left >= 0 && left <= 90],
  "365": ["within a year", (left) => left >= 0 && left <= 365], "past": ["has ended", (left) => left <= 0],
  "none": ["has no end", (left) => Number.isNaN(left)],
};

function match() {
  const words = $("q").value.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = words.map((word) => Object.fromEntries(Object.entries(HAYS).map(([of, texts]) => [of, texts.map((text) => text.includes(word))])));
  const organization = $("organization").value, kind = $("kind").value, role = $("role").value, employment = $("employment").value;
  const ends = ENDS[$("ends").value], stands = $("stands").value, risk = $("risk").value, troubled = $("findings-only").checked;
  return CELLS.filter((cell) => {
    const thing = THINGS[cell.thing], held = ROLES[cell.role], status = note(cell.status);
    if (organization !== "" && thing.organization !== Number(organization)) return false;
    if (kind && thing.kind !== kind) return false;
    if (role && !(role in POWERS ? held[role] : held.text === role)) return false;
    if (employment && PEOPLE[cell.person].employment !== employment) return false;
    if (ends && !ends[1](NOTE_DAYS[cell.ends])) return false;
    if (stands && !(stands === "there" ? IS_THERE.has(status) : stands === "off" ? IS_OFF.has(status) : status === stands)) return false;
    if (risk !== "" && cell.risk !== Number(risk)) return false;
    if (troubled && !(cell.troubled || (thing.troubled && isThing(thing)) || PEOPLE[cell.person].troubled)) return false;
    if (FOCUS.person >= 0 && cell.person !== FOCUS.person) return false;
    if (FOCUS.thing >= 0 && cell.thing !== FOCUS.thing) return false;
    if (FOCUS.way && !waysOf(cell).includes(FOCUS.way)) return false;
    for (const hit of hits) {
      let found = hit.people[cell.person] || hit.things[cell.thing] || hit.roles[cell.role] || hit.notes[cell.remark] || hit.notes[cell.reasons];
      for (let at = 0; !found && at < cell.lines.length; at += 2) found = hit.ways[cell.lines[at]];
      if (!found) return false;
    }
    return true;
  });
}
function waysOf(cell) {
  const found = [];
  for (let at = 0; at < cell.lines.length; at += 2) found.push(wayOf(cell, WAYS[cell.lines[at]]));
  return found;
}
const wayOf = (cell, way) => way.name || (isPartner(PEOPLE[cell.person]) ? "shared with partner" : way.file ? "directly" : "not declared");

let view = "matrix", found = [];
function refresh() {
  found = match();
  columnPage = 0;
  const people = new Set(found.map((cell) => cell.person)), things = new Set(found.map((cell) => cell.thing));
  const all = found.length === CELLS.length ? "" : ` of ${CELLS.length.toLocaleString("en")}`;
  $("count").textContent = `${count(found.length, "access", "accesses")}${all}: ${holders(people)}; ${count(things.size, "organization or asset", "organizations and assets")}`;
  $("as-matrix").setAttribute("aria-pressed", view === "matrix");
  $("as-list").setAttribute("aria-pressed", view === "list");
  showChips();
  if (view === "matrix") showMatrix(); else list($("result"), found, "Access");
  drawGraph();
}
function showChips() {
  const chips = [];
  const chip = (text, clear) => chips.push(make("button", {type: "button", on: {click: () => { clear(); refresh(); $("q").focus(); }}}, "only ", name(text), " ", make("span", {"aria-hidden": "true"}, "✕"), make("span", {className: "unseen"}, "(remove)")));
  if (FOCUS.person >= 0) chip(label(PEOPLE[FOCUS.person]), () => { FOCUS.person = -1; });
  if (FOCUS.thing >= 0) chip(thingLabel(THINGS[FOCUS.thing]), () => { FOCUS.thing = -1; });
  if (FOCUS.way) chip(FOCUS.way, () => { FOCUS.way = ""; });
  $("chips").replaceChildren(...chips);
}
function focusOn(changes, withGraph) {
  Object.assign(FOCUS, changes);
  refresh();
  if (withGraph) $("paths").scrollIntoView();
}

const byLabel = (one, other) => isPartner(one) - isPartner(other) || label(one).localeCompare(label(other), "en");
const ORDER = new Map([...PEOPLE].sort(byLabel).map((person, at) => [person.number, at]));
const whoNode = (person) => [link(label(person), () => openPerson(person)), make("span", {className: "sub"}, ...person.name ? [name(person.key), " · "] : [], name(person.employment), person.ends ? ` · until ${person.ends}` : "")];

const MOST_COLUMNS = 24;
let columnPage = 0;
function showMatrix() {
  const rows = new Map();
  for (const cell of found) {
    if (!rows.has(cell.person)) rows.set(cell.person, []);
    rows.get(cell.person).push(cell);
  }
  const people = [...rows.keys()].sort((one, other) => ORDER.get(one) - ORDER.get(other)).map((number) => PEOPLE[number]);
  const organizations = new Set(found.map((cell) => THINGS[cell.thing].organization));
  const who = {head: "Who", cell: whoNode};
  const place = $("result"), of = $("organization").value;
  if (of === "" && organizations.size !== 1) {
    const columns = [...organizations].sort((one, other) => one - other).map((at) => ORGANIZATIONS[at]);
    const cut = shown(columns);
    show(place, [who, ...cut.map((organization) => ({
      head: organization.key,
      node: link(organization.key, () => { $("organization").value = organization.number; refresh(); }, `${organization.key}, ${organization.system}: show its assets`),
      cell: (person) => summary(rows.get(person.number).filter((cell) => THINGS[cell.thing].organization === organization.number)),
    }))], people, {className: "matrix", caption: "People and organizations", empty: "Nobody has access to anything."});
    turnColumns(place, columns.length);
  } else {
    const seen = new Map();
    for (const cell of found) seen.set(cell.thing, (seen.get(cell.thing) || 0) + 1);
    const things = [...seen.keys()].map((number) => THINGS[number]).sort((one, other) => isThing(one) - isThing(other) || seen.get(other.number) - seen.get(one.number) || one.key.localeCompare(other.key, "en"));
    const cut = shown(things), numbers = new Set(cut.map((thing) => thing.number));
    const there = people.filter((person) => rows.get(person.number).some((cell) => numbers.has(cell.thing)));
    show(place, [who, ...cut.map((thing) => ({
      head: thingLabel(thing),
      node: [link(thing.key, () => openThing(thing), `${thingLabel(thing)}: show who reaches it`), make("span", {className: "sub"}, thing.kind)],
      cell: (person) => rows.get(person.number).filter((cell) => cell.thing === thing.number).map(cellNode),
    }))], there, {className: "matrix", caption: "People and assets", empty: "Nobody has access to anything."});
    turnColumns(place, things.length);
  }
}
const shown = (columns) => columns.slice(columnPage * MOST_COLUMNS, (columnPage + 1) * MOST_COLUMNS);
function turnColumns(place, all) {
  const pager = make("div", {className: "pager"}, ...turning(columnPage, MOST_COLUMNS, all, "columns", (page, by) => {
    columnPage = page;
    showMatrix();
    keepFocus(place.querySelector(".columns"), by);
  }));
  pager.classList.add("columns");
  place.prepend(pager);
}
const cellNode = (cell) => make("div", {className: "cell"}, roleNode(ROLES[cell.role]), mark(note(cell.status), false), cell.risk === 0 ? riskNode(0) : "", endMark(cell), cell.troubled ? make("span", {className: "mark warn", title: "with findings"}, "F", make("span", {className: "unseen"}, "inding")) : "");
function summary(cells) {
  if (!cells.length) return "";
  const [own] = cells.filter((cell) => !isThing(THINGS[cell.thing])), others = cells.filter((cell) => isThing(THINGS[cell.thing]));
  const off = others.filter((cell) => IS_OFF.has(note(cell.status)));
  return make("div", {className: "cell"}, ...own ? cellNode(own).childNodes : [], others.length ? make("span", {className: "quiet"}, count(others.length, "asset", "assets")) : "", off.length ? make("span", {className: "mark warn"}, `! ${off.length} not as declared`) : "");
}
const WHO = {head: "Who", by: (cell) => ORDER.get(cell.person), cell: (cell) => whoNode(PEOPLE[cell.person])};
const ON = {head: "On", by: (cell) => `${ORGANIZATIONS[THINGS[cell.thing].organization].key} ${isThing(THINGS[cell.thing])} ${thingLabel(THINGS[cell.thing])}`, cell: (cell) => {
  const thing = THINGS[cell.thing];
  return [link(thing.key, () => openThing(thing)), make("span", {className: "sub"}, isThing(thing) ? [thing.kind, " of ", ORGANIZATIONS[thing.organization].key].join("") : ORGANIZATIONS[thing.organization].system)];
}};
const REST = [
  {head: "Can", by: (cell) => ROLES[cell.role].text, cell: (cell) => roleNode(ROLES[cell.role])},
  {head: "Stands", by: (cell) => note(cell.status), cell: (cell) => [mark(note(cell.status)), cell.remark ? make("span", {className: "sub"}, name(note(cell.remark))) : ""]},
  {head: "Risk", by: (cell) => cell.risk, cell: (cell) => [riskNode(cell.risk), cell.reasons ? make("span", {className: "sub"}, note(cell.reasons)) : ""]},
  {head: "Since", by: (cell) => note(cell.since) || "9", className: "day", cell: (cell) => note(cell.since)},
  {head: "Until", by: (cell) => note(cell.ends) || "9", className: "day", cell: (cell) => note(cell.ends) && NOTE_DAYS[cell.ends] <= 90 ? endMark(cell) : note(cell.ends)},
  {head: "How", cell: (cell) => how(cell, true)},
];
function list(place, cells, caption, columns = [WHO, ON]) {
  show(place, [...columns, ...REST], [...cells].sort((one, other) => ORDER.get(one.person) - ORDER.get(other.person) || one.thing - other.thing), {caption, empty: "There is no access.", });
}

// Details of one person or thing.
function open(title, facts, cells, columns, focus) {
  $("details-title").replaceChildren(name(title));
  const table = make("div");
  $("details-body").replaceChildren(
    make("p", {className: "quiet"}, facts),
    make("p", {className: "actions"},
      make("button", {type: "button", on: {click: () => { $("details").close(); focusOn(focus, false); $("access").focus(); }}}, "Only this in the matrix"),
      make("button", {type: "button", on: {click: () => { $("details").close(); focusOn(focus, true); }}}, "Show the paths")),
    table);
  list(table, cells, title, columns);
  if (!$("details").open) $("details").showModal();
}
function openPerson(person) {
  const facts = [person.name && person.key, person.employment, person.manager && `manager: ${person.manager}`, person.ends ? `until ${person.ends}` : ""].filter(Boolean).join(" · ");
  open(label(person), facts, CELLS.filter((cell) => cell.person === person.number), [ON], {person: person.number, thing: -1, way: ""});
}
function openThing(thing) {
  const organization = ORGANIZATIONS[thing.organization], isWhole = !isThing(thing);
  const facts = `${organization.system}${organization.name ? ` · ${organization.name}` : ""}, ${organization.read ? `last read on ${organization.read}` : "no look is recorded"}.` + (isWhole ? "" : " Admins of the organization can give themselves access at any time.");
  open(thingLabel(thing), facts, CELLS.filter((cell) => cell.thing === thing.number), [WHO], {person: -1, thing: thing.number, way: ""});
}

// The graph: person or partner -> group, asset group or nothing between -> organization or asset.
const MOST_NODES = 24;
const PLAIN = new Set(["directly", "shared with partner", "not declared"]);
const SVG = "http://www.w3.org/2000/svg";
function shape(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
function drawGraph() {
  const width = Math.max(300, $("graph").clientWidth || 1000), isNarrow = width < 560;
  const people = new Set(found.map((cell) => cell.person)), things = new Set(found.map((cell) => cell.thing));
  const organizations = new Set(found.map((cell) => THINGS[cell.thing].organization));
  const columns = [new Map(), new Map(), new Map()], edges = [];
  const node = (column, key, text, kind, run, about = "") => {
    if (!columns[column].has(key)) columns[column].set(key, {text, about, kind, run, members: new Set(), power: false, to: new Map()});
    return columns[column].get(key);
  };
  const join = (one, other, person) => {
    if (!one.to.has(other)) {
      one.to.set(other, {one, other, people: new Set()});
      edges.push(one.to.get(other));
    }
    one.to.get(other).people.add(person);
  };
  const ways = new Set(found.flatMap(waysOf)), groups = [...ways].filter((way) => !PLAIN.has(way)).length;
  const isShort = {people: people.size <= MOST_NODES, things: things.size <= MOST_NODES, ways: ways.size <= MOST_NODES};
  const choose = (values) => () => { for (const [id, value] of Object.entries(values)) $(id).value = value; refresh(); };
  // What stands for each person, way and thing, made once for all of their cells.
  const left = new Map([...people].map((number) => PEOPLE[number]).map((person) => [person.number, isShort.people
    ? node(0, person.number, label(person), "person", () => focusOn({person: person.number}))
    : node(0, person.employment, person.employment, "person", choose({employment: person.employment}))]));
  const middle = new Map([...ways].map((way) => [way, isShort.ways || PLAIN.has(way)
    ? node(1, way, way, "through", () => focusOn({way}))
    : node(1, "groups", count(groups, "group", "groups"), "through", () => {})]));
  const right = new Map([...things].map((number) => THINGS[number]).map((thing) => {
    const organization = ORGANIZATIONS[thing.organization];
    if (isShort.things) return [thing.number, node(2, thing.number, thing.key, "thing", () => focusOn({thing: thing.number}), isThing(thing) ? `${thing.kind} · ` : "")];
    if (organizations.size === 1) return [thing.number, node(2, thing.kind, thing.kind, "thing", choose({organization: organization.number, kind: thing.kind}))];
    if (organizations.size <= MOST_NODES) return [thing.number, node(2, organization.key, organization.key, "thing", choose({organization: organization.number}))];
    return [thing.number, node(2, organization.system, organization.system, "thing", () => {})];
  }));
  for (const cell of found) {
    const one = left.get(cell.person), other = right.get(cell.thing);
    one.members.add(cell.person);
    one.power ||= Boolean(ROLES[cell.role].manages);
    other.members.add(isShort.things ? cell.person : cell.thing);
    for (const way of waysOf(cell)) {
      const between = middle.get(way);
      between.members.add(cell.person);
      join(one, between, cell.person);
      join(between, other, cell.person);
    }
  }
  if (!found.length) { $("graph").replaceChildren(make("p", {className: "empty"}, "Nothing to draw.")); $("path-told").textContent = ""; return; }
  place(columns, edges, {width, isNarrow, shares: !isShort.things, grouped: !isShort.people});
}
const PEN = document.createElement("canvas").getContext("2d");
/** The text in lines of at most so many pixels, broken where names have joints; the last one is cut. */
function wrap(text, most, lines, size, weight = 400) {
  PEN.font = `${weight} ${size}px system-ui, sans-serif`;
  const fits = (part) => PEN.measureText(part).width <= most, found = [];
  let rest = text;
  while (rest && found.length < lines) {
    if (fits(rest)) return [...found, rest];
    let at = rest.length;
    const isLast = found.length === lines - 1;
    while (at > 1 && !fits(rest.slice(0, at) + (isLast ? "…" : ""))) at -= 1;
    if (isLast) return [...found, `${rest.slice(0, at)}…`];
    const joint = Math.max(...[" ", "-", ":", "@", "."].map((sign) => rest.lastIndexOf(sign, at - 1) + 1));
    const cut = joint > at / 3 ? joint : at;
    found.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  return found;
}
function place(columns, edges, {width, isNarrow, shares, grouped}) {
  const box = isNarrow ? (width - 44) / 3 : Math.min(280, width * .26), gap = (width - 3 * box) / 2, high = isNarrow ? 54 : 40, size = isNarrow ? 12 : 13, step = high + 8, top = 26;
  const tall = Math.max(...columns.map((column) => column.size)), height = top + tall * step;
  const heads = [grouped ? isNarrow ? "People" : "People by employment" : "Who", "Through", shares ? "Where" : "On what"];
  const svg = shape("svg", {viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Paths of access", "font-size": size});
  const nodes = columns.map((column, at) => {
    // By what leads to them, so that few lines cross.
    const weight = (node) => {
      const before = edges.filter((edge) => edge.other === node);
      return before.length ? before.reduce((sum, edge) => sum + edge.one.row, 0) / before.length : -node.members.size;
    };
    const weights = new Map([...column.values()].map((node) => [node, weight(node)]));
    const sorted = [...column.values()].sort((one, other) => weights.get(one) - weights.get(other) || one.text.localeCompare(other.text, "en"));
    const free = (height - top - sorted.length * step) / 2;
    svg.append(shape("text", {class: "head", x: at * (box + gap), y: 14}, heads[at]));
    sorted.forEach((node, row) => Object.assign(node, {x: at * (box + gap), y: top + (sorted.length < tall ? Math.min(free, 240) : 0) + row * step, at, row}));
    return sorted;
  });
  const most = Math.max(...edges.map((edge) => edge.people.size));
  for (const edge of edges) {
    const {one, other} = edge, x = one.x + box, half = (other.x - x) / 2, y = one.y + high / 2, end = other.y + high / 2;
    edge.line = shape("path", {class: "edge", d: `M${x} ${y}C${x + half} ${y} ${x + half} ${end} ${other.x} ${end}`, "stroke-width": 1 + 7 * Math.sqrt(edge.people.size / most) * (most > 3 ? 1 : .2)});
    svg.append(edge.line);
  }
  for (const column of nodes) for (const node of column) {
    const own = node.kind === "thing" && shares ? count(node.members.size, "thing", "things") : holders(node.members);
    const isOne = node.kind === "person" && !grouped;
    const texts = wrap((node.power && isOne ? "◆ " : "") + node.text, box - 18, isOne || isNarrow ? 2 : 1, size, node.power && isOne ? 600 : 400);
    const lines = isOne ? texts : [...texts, wrap(node.about + own, box - 16, 1, size - 1.5)[0]];
    const top = node.y + high / 2 - (lines.length - 1) * 8 + 4;
    node.drawn = shape("g", {class: `node ${node.kind}${node.power && isOne ? " power" : ""}`, role: "button", tabindex: -1, "aria-label": `${heads[node.at]}: ${node.text}${isOne ? "" : `, ${node.about}${own}`}`},
      shape("title", {}, node.text), shape("rect", {class: "box", x: node.x + .5, y: node.y + .5, width: box - 1, height: high - 1, rx: 6}),
      ...lines.map((line, at) => shape("text", {x: node.x + 9, y: top + at * 16, class: at && !isOne && at === lines.length - 1 ? "more" : ""}, line)));
    node.drawn.addEventListener("click", () => { node.run(); refocus(node.at); });
    node.drawn.addEventListener("focus", () => light(node));
    node.drawn.addEventListener("mouseenter", () => light(node));
    node.drawn.addEventListener("mouseleave", () => light(null));
    node.drawn.addEventListener("blur", () => light(null));
    node.drawn.addEventListener("keydown", (event) => {
      const to = {ArrowUp: nodes[node.at][node.row - 1], ArrowDown: nodes[node.at][node.row + 1], ArrowLeft: next(node, -1), ArrowRight: next(node, 1)}[event.key];
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); node.run(); refocus(node.at); }
      else if (event.key.startsWith("Arrow")) { event.preventDefault(); if (to) move(to); }
    });
    svg.append(node.drawn);
  }
  const next = (node, by) => edges.map((edge) => by > 0 && edge.one === node ? edge.other : by < 0 && edge.other === node ? edge.one : null).find(Boolean);
  const move = (node) => { for (const column of nodes) for (const each of column) each.drawn.setAttribute("tabindex", -1); node.drawn.setAttribute("tabindex", 0); node.drawn.focus(); };
  function light(node) {
    svg.classList.toggle("lit", node !== null);
    for (const drawn of svg.querySelectorAll(".on")) drawn.classList.remove("on");
    if (!node) return;
    node.drawn.classList.add("on");
    const near = edges.filter((edge) => edge.one === node || edge.other === node);
    for (const edge of near) for (const drawn of [edge.line, edge.one.drawn, edge.other.drawn]) drawn.classList.add("on");
    const sides = [0, 1, 2].filter((at) => at !== node.at).map((at) => [...new Set(near.flatMap((edge) => [edge.one, edge.other]).filter((each) => each.at === at).map((each) => each.text))]).filter((texts) => texts.length);
    $("path-told").textContent = `${node.text}: ${sides.map((texts) => texts.slice(0, 12).join(", ") + (texts.length > 12 ? ` and ${texts.length - 12} more` : "")).join(" — ")}`;
  }
  nodes[0][0].drawn.setAttribute("tabindex", 0);
  $("graph").replaceChildren(svg);
  $("path-told").textContent = "";
}
function refocus(at) {
  const heads = [".person", ".through", ".thing"], next = $("graph").querySelector(`.node${heads[at]}`) || $("graph").querySelector(".node");
  if (next) { for (const each of $("graph").querySelectorAll(".node")) each.setAttribute("tabindex", -1); next.setAttribute("tabindex", 0); next.focus({preventScroll: true}); }
}

// The other sections.
const words = (head, at, more = {}) => ({head, has: (row) => row[at], by: (row) => row[at] || "\uffff", cell: (row) => row[at] ? prose(row[at]) : "", ...more});
const age = (day) => day ? [make("span", {className: "day"}, day), make("span", {className: "sub"}, days(day) ? `${count(-days(day), "day", "days")} ago` : "today")] : "";
const MONTHS = new Intl.DateTimeFormat("en", {month: "short", timeZone: "UTC"});
function showRest() {
  const least = (one) => Math.min(one.lasting, ...one.months.map(([, number]) => number));
  const tone = (number) => number === 0 ? "bad" : number < D.minAdmins ? "warn" : "";
  $("admins-about").textContent = `The bus factor: how many of today's declared admins each month's end leaves if nobody follows them; at 0 nobody can give or take access. “!” is fewer than ${D.minAdmins} (min_admins), “✕” is none.`;
  show($("admins-list"), [
    {head: "Organization", cell: (one) => [link(one.key, () => { $("organization").value = one.number; refresh(); $("access").scrollIntoView(); }), make("span", {className: "sub"}, name(one.system))]},
    {head: "Now", className: "num", cell: (one) => one.stateless ? "nothing recorded" : make("span", {className: tone(one.lasting) ? `mark ${tone(one.lasting)}` : ""}, `${one.lasting}${{bad: " ✕", warn: " !"}[tone(one.lasting)] || ""}`)},
    {head: "Next months", cell: (one) => one.stateless ? "" : make("ol", {className: "months"}, ...one.months.map(([month, number], at) => make("li", {title: month, className: tone(number)}, make("small", {}, MONTHS.format(Date.parse(month)) + (at === 0 || month.endsWith("-01") ? ` ${month.slice(2, 4)}` : "")), `${number}${{bad: " ✕", warn: " !"}[tone(number)] || ""}`)))},
    {head: "Who", cell: (one) => make("ul", {className: "bare"}, ...one.admins.map(([person, ends, obstacle]) => make("li", {}, name(person), obstacle ? ` (does not count: ${obstacle})` : ends ? ` until ${ends}` : "")))},
  ], [...ORGANIZATIONS].sort((one, other) => one.stateless - other.stateless || least(one) - least(other) || one.key.localeCompare(other.key, "en")), {caption: "Admins by organization", empty: "There is no organization."});
  show($("waiting-list"), [
    words("What", 2, {cell: (row) => [prose(row[2]), make("span", {className: "sub"}, name(row[1]))]}), {...words("Sort", 0), cell: (row) => [name(row[0]), row[6] ? make("span", {className: "mark warn"}, "! overdue") : ""]}, words("Waits for", 3),
    {head: "Since", by: (row) => row[4] || "9", cell: (row) => age(row[4])}, words("Lapses", 5, {className: "day"}),
  ], D.pending, {search: true, caption: "What waits", empty: "Nothing waits."});
  show($("drift-list"), [
    words("What", 0), {head: "Severity", by: (row) => RISKS.indexOf(row[2]), cell: (row) => riskNode(RISKS.indexOf(row[2]))},
    words("Sort", 1), words("Why", 3), words("Seen", 4), {head: "First seen", by: (row) => row[6], cell: (row) => age(row[6])}, {...words("Accepted", 5), cell: (row) => row[5] ? [name(row[5]), row[7] ? ` until ${row[7]}` : "", row[8] ? "" : make("span", {className: "mark warn"}, "! over")] : ""},
  ], D.drift, {search: true, caption: "Known drift", empty: "No drift is known."});
  show($("findings-list"), [
    words("Message", 2), {...words("Severity", 0), cell: (row) => make("span", {className: `mark ${{error: "bad", warning: "warn"}[row[0]] || "plain"}`}, `${{error: "!! ", warning: "! "}[row[0]] || ""}${row[0]}`)},
    words("Rule", 1), words("Line", 4), words("Advice", 3),
  ], D.findings, {search: true, caption: "Findings", empty: "Nothing is wrong with the manifests."});
  $("changes-about").textContent = `What the audit log holds since ${D.since}, the latest first.`;
  show($("changes-list"), [
    words("About", 2), words("Time (UTC)", 0, {className: "day"}), words("Action", 1), {head: "Access", has: (row) => row[3] || row[4], cell: (row) => row[3] || row[4] ? name(`${row[3] || "nothing"} → ${row[4] || "nothing"}`) : ""},
    words("Outcome", 5), words("By", 6), words("Commit", 7), words("Why", 8),
  ], D.entries, {search: true, caption: "Changes", empty: `Nothing was done since ${D.since}.`});
  show($("about-list"), [
    {head: "Organization", cell: (one) => [name(one.key), one.name ? make("span", {className: "sub"}, name(one.name)) : ""]}, {head: "System", cell: (one) => [name(one.system), make("span", {className: "sub"}, one.mode)]},
    {head: "Last read", cell: (one) => one.read ? age(one.read) : make("span", {className: "mark warn"}, one.stateless ? "! nothing is recorded" : "! no look is recorded")},
    {head: "Access reviewed", has: (one) => one.reviewed || one.due, cell: (one) => [one.reviewed ? age(one.reviewed) : "", one.due ? make("span", {className: one.overdue ? "mark warn" : "sub"}, one.overdue ? "! overdue" : `again by ${one.due}`) : ""].flat()},
    {head: "Not managed, not shown", has: (one) => one.unmanaged.length, cell: (one) => one.unmanaged.join(", ")}, {head: "Shown by no system", has: (one) => one.unseen.length, cell: (one) => one.unseen.length ? make("ul", {className: "bare"}, ...one.unseen.map((text) => make("li", {}, name(text)))) : ""},
    {head: "Apps of others", has: (one) => one.elsewhere.length, cell: (one) => name(one.elsewhere.join(", "))},
  ], ORGANIZATIONS, {caption: "Organizations and what is not known of them", empty: "There is no organization."});
}
function showTiles() {
  const there = CELLS.filter((cell) => IS_THERE.has(note(cell.status))), people = new Set(there.map((cell) => cell.person).filter((number) => !isPartner(PEOPLE[number])));
  const outside = [...people].filter((number) => PEOPLE[number].employment !== "employee").length;
  const partners = new Set(there.map((cell) => PEOPLE[cell.person]).filter(isPartner).map((one) => one.key));
  const assets = THINGS.filter(isThing).length, admins = new Set(there.filter((cell) => ROLES[cell.role].manages && !isThing(THINGS[cell.thing])).map((cell) => cell.person));
  const soon = CELLS.filter((cell) => NOTE_DAYS[cell.ends] >= 0 && NOTE_DAYS[cell.ends] <= 30).length, off = CELLS.filter((cell) => IS_OFF.has(note(cell.status))).length;
  const known = ORGANIZATIONS.filter((one) => !one.stateless), few = known.filter((one) => Math.min(one.lasting, ...one.months.map(([, number]) => number)) < D.minAdmins);
  const critical = CELLS.filter((cell) => cell.risk === 0).length, unreviewed = ORGANIZATIONS.filter((one) => one.overdue).length;
  const overdue = D.pending.filter((row) => row[6]).length, worst = D.drift.filter((row) => row[2] === "critical" || row[2] === "high").length, wrong = D.findings.filter((row) => row[0] === "error").length, warned = D.findings.filter((row) => row[0] === "warning").length;
  const filter = (values) => () => { clearAll(); for (const [id, value] of Object.entries(values)) $(id).value = value; refresh(); $("access").scrollIntoView(); $("access").focus({preventScroll: true}); };
  const go = (id) => () => { $(id).scrollIntoView(); };
  const tiles = [
    [people.size, plural(people.size, "person with access", "people with access"), `${outside.toLocaleString("en")} of them not employees${partners.size ? `; ${count(partners.size, "partner", "partners")}` : ""}`, "", filter({stands: "there"})],
    [ORGANIZATIONS.length, plural(ORGANIZATIONS.length, "organization", "organizations"), `${count(assets, "asset", "assets")} that somebody reaches`, "", go("about")],
    [admins.size, plural(admins.size, "person manages access", "people manage access"), "in at least one organization", "", filter({role: "manages", kind: "organization"})],
    [critical, plural(critical, "critical access", "critical accesses"), "people outside the allowed domains or the directory who manage access", critical ? "bad" : "", filter({risk: "0"})],
    [few.length, plural(few.length, "organization short of admins", "organizations short of admins"), `fewer than ${D.minAdmins} now or within 12 months`, few.length ? "bad" : "", go("admins")],
    [off, plural(off, "access not as declared", "accesses not as declared"), "there and undeclared, other, or missing", off ? "warn" : "", filter({stands: "off"})],
    [soon, plural(soon, "access ends or changes", "accesses end or change"), "within 30 days", soon ? "warn" : "", filter({ends: "30"})],
    [D.pending.length, plural(D.pending.length, "thing waits", "things wait"), D.pending.length ? `${overdue.toLocaleString("en")} overdue` : "", overdue ? "warn" : "", go("waiting")],
    [D.drift.length, plural(D.drift.length, "known difference", "known differences"), D.drift.length ? `${worst.toLocaleString("en")} critical or high` : "drift, as last audited", worst ? "bad" : "", go("drift")],
    [D.findings.length, plural(D.findings.length, "finding", "findings"), `${count(wrong, "error", "errors")}, ${count(warned, "warning", "warnings")}`, wrong ? "bad" : warned ? "warn" : "", go("findings")],
    [unreviewed, plural(unreviewed, "review overdue", "reviews overdue"), `${count(ORGANIZATIONS.filter((one) => one.due).length, "organization", "organizations")} to be reviewed regularly`, unreviewed ? "warn" : "", go("about")],
    [D.entries.length, plural(D.entries.length, "change or event", "changes and events"), `since ${D.since}`, "", go("changes")],
  ];
  $("tiles").replaceChildren(...tiles.map(([number, text, about, tone, run]) => make("li", {}, make("button", {type: "button", className: tone, on: {click: run}}, make("strong", {}, number.toLocaleString("en"), tone ? make("span", {className: "unseen"}, tone === "bad" ? " (serious)" : " (look)") : "", tone ? make("span", {"aria-hidden": "true"}, " !") : ""), make("span", {className: "label"}, text), make("span", {className: "quiet"}, about)))));
}
function clearAll() { $("filters").reset(); Object.assign(FOCUS, {person: -1, thing: -1, way: ""}); }

function fill(id, options) { $(id).replaceChildren(...options.map(([value, text]) => make("option", {value, textContent: text}))); }
fill("organization", [["", "all"], ...ORGANIZATIONS.map((one) => [one.number, one.key])]);
fill("kind", [["", "everything"], ...[...new Set(THINGS.map((one) => one.kind))].sort().map((kind) => [kind, kind])]);
fill("role", [["", "any"], ...Object.entries(POWERS).map(([flag, [sign, text]]) => [flag, `${sign} ${text}`]), ...[...new Set(ROLES.map((one) => one.text))].sort().map((text) => [text, text])]);
fill("employment", [["", "any"], ...[...new Set(PEOPLE.map((one) => one.employment))].sort().map((text) => [text, text])]);
fill("ends", [["", "at any time"], ...Object.entries(ENDS).map(([value, [text]]) => [value, text])]);
fill("risk", [["", "any"], ...RISKS.map((text, rank) => [rank, `${SEVERITY_SIGNS[rank]}${text}`]).filter(([rank]) => CELLS.some((cell) => cell.risk === rank))]);
fill("stands", [["", "any"], ["there", "there now"], ["off", "! not as declared"], ...Object.entries(STATUSES).map(([value, [sign, text]]) => [value, `${sign} ${text}`.trim()])]);
$("legend").append(...Object.keys(STATUSES).filter((status) => STATUSES[status][0]).map((status) => make("li", {}, mark(status))),
  ...Object.values(POWERS).map(([sign, text]) => make("li", {}, make("span", {className: "power"}, sign), ` ${text}`)), make("li", {}, make("span", {className: "mark warn"}, "F"), " there are findings about it"));
for (const id of ["q", "organization", "kind", "role", "employment", "ends", "stands", "risk", "findings-only"]) $(id).addEventListener("input", refresh);
$("filters").addEventListener("submit", (event) => event.preventDefault());
$("clear").addEventListener("click", () => { clearAll(); refresh(); });
$("as-matrix").addEventListener("click", () => { view = "matrix"; refresh(); });
$("as-list").addEventListener("click", () => { view = "list"; refresh(); });
let lastWidth = innerWidth;
addEventListener("resize", () => { if (innerWidth !== lastWidth) { lastWidth = innerWidth; drawGraph(); } });

// On paper there is no next section: the rows of all of them are printed, as far as anybody reads paper.
const MOST_PRINTED = 2000;
addEventListener("beforeprint", () => {
  const chosen = [...$("filters").elements].filter((one) => one.labels?.length && (one.type === "checkbox" ? one.checked : one.value));
  const told = chosen.map((one) => one.labels[0].firstChild.textContent.trim() + (one.type === "checkbox" ? one.labels[0].textContent : `: ${one.selectedOptions ? one.selectedOptions[0].textContent : one.value}`));
  $("chosen").replaceChildren(told.length ? "Only: " : "", name(told.join("; ")));
  $("legend").parentElement.open = true;
  for (const table of TABLES) table.draw(MOST_PRINTED);
});
addEventListener("afterprint", () => { for (const table of TABLES) table.draw(); });
showTiles();
showRest();
refresh();
