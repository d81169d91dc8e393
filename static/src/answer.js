// Answering a clean-up: one client a screen, out of what AnswerStore holds. No text of its own: they come in data-t-….
(() => {
  "use strict";
  const root = document.getElementById("answering");
  const bar = document.getElementById("answer-bar");
  const troubles = document.getElementById("answer-trouble");
  const place = document.getElementById("answer-client");
  const store = new window.AnswerStore(root);
  const t = (name) => root.dataset[`t${name}`];
  const here = { lat: null, lon: null, accuracy: null };
  let pack = null; // what was taken along
  let entries = []; // what was answered and has not been sent
  let sheets = []; // to be answered, in the order of the way
  let current = 0;
  let said = null; // what is being answered

  const el = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  };
  const button = (text, press, attributes = {}) => el("button", { type: "button", class: "btn", onclick: press, ...attributes }, text);

  // --- which questions (cleanup/questions.py decides; this shows the same) ---
  const holds = ([key, wanted], values) => {
    const given = values[key];
    if (Array.isArray(given)) return given.includes(wanted);
    if (given && typeof given === "object") return (given.ok ? "ok" : "changed") === wanted;
    return given === wanted;
  };
  const asked = () => {
    const found = new Set();
    return pack.questions.filter((question) => {
      const ofChannel = !question.channels.length || question.channels.includes(sheets[current].channel);
      const shown = ofChannel && (!question.condition || (found.has(question.condition[0]) && holds(question.condition, said.values)));
      if (shown) found.add(question.key);
      return shown;
    });
  };
  const lacks = (question) => {
    const given = said.values[question.key];
    return question.required && (given === undefined || given === "" || (Array.isArray(given) && !given.length));
  };

  // --- what is on the screen ---
  const kept = () => store.keep(sheets[current].id, said);
  const say = (key, value) => {
    if (value === undefined || value === "" || (Array.isArray(value) && !value.length)) delete said.values[key];
    else said.values[key] = value;
    kept();
  };
  const choice = (name, value, text, chosen, press, type = "radio") => el("label", { class: "answer-choice" },
    el("input", { type, name, value, checked: chosen, onchange: press }), el("span", {}, text));

  const corrected = (question, client) => {
    const given = said.values[question.key];
    const value = given && "value" in given ? given.value : client.fields[question.field];
    const set = (next) => say(question.key, { value: next });
    const name = `value-${question.key}`;
    if (question.input === "none") return el("p", { class: "muted" }, t("Counterparty"));
    if (question.input === "bool") return el("div", { class: "answer-choices" },
      choice(name, "1", t("Yes"), value === true, () => set(true)), choice(name, "0", t("No"), value === false, () => set(false)));
    if (question.input === "choice") {
      const select = el("select", { class: "form-select", "aria-label": question.text, onchange: () => {
        const chosen = pack.choices[question.field].find(([key]) => String(key) === select.value);
        set(chosen ? chosen[0] : "");
      } }, el("option", { value: "" }, "—"), pack.choices[question.field].map(([key, label]) =>
        el("option", { value: key, selected: key === value }, label)));
      return select;
    }
    const input = el("input", {
      class: "form-control", type: ["tel", "email", "date"].includes(question.input) ? question.input : "text",
      inputmode: question.input === "decimal" ? "decimal" : null, value: value ?? "", "aria-label": question.text,
      oninput: () => set(input.value),
    });
    if (question.field !== "lat" && question.field !== "lon") return input;
    return el("div", { class: "answer-place" }, input, button(t("Here"), () => takePosition(question)));
  };
  // Both coordinates at once, whichever of the two is asked about.
  const takePosition = (question) => navigator.geolocation.getCurrentPosition((found) => {
    Object.assign(here, { lat: found.coords.latitude, lon: found.coords.longitude, accuracy: found.coords.accuracy });
    for (const each of asked()) {
      if (each.field === "lat" || each.field === "lon") said.values[each.key] = { value: here[each.field].toFixed(6) };
    }
    kept();
    draw();
  }, () => fault(question.key, t("NoPlace")), { enableHighAccuracy: true, timeout: 15000 });

  const ofField = (question, client) => {
    const given = said.values[question.key];
    const old = client.texts[question.field];
    const rest = el("div", {}, given && !given.ok ? corrected(question, client) : null);
    const proposed = question.field === "channel" ? client.proposed_channel : null;
    return [
      el("p", { class: "answer-value" }, old === "—" ? t("Nothing") : old),
      el("div", { class: "answer-choices" },
        choice(question.key, "ok", t("Right"), Boolean(given && given.ok), () => { say(question.key, { ok: true }); draw(); }),
        choice(question.key, "changed", t("Change"), Boolean(given && !given.ok), () => {
          say(question.key, { value: client.fields[question.field] ?? "" });
          draw();
          const input = place.querySelector(`[data-question="${question.key}"] :is(input:not([type=radio]), select)`);
          if (input) { input.focus(); if (input.select) input.select(); }
        })),
      proposed ? el("div", { class: "answer-proposal" }, el("p", {}, `${t("Proposed")}: `, el("b", {}, proposed[1]), " ", el("small", { class: "muted" }, proposed[2])),
        button(t("Take"), () => { say(question.key, { value: proposed[0] }); draw(); })) : null,
      rest,
    ];
  };

  const body = (question, client) => {
    const given = said.values[question.key];
    const name = question.key;
    if (question.kind === "field") return ofField(question, client);
    if (question.kind === "yes_no") return el("div", { class: "answer-choices" }, ["yes", "no"].map((value) =>
      choice(name, value, t(value === "yes" ? "Yes" : "No"), given === value, () => { say(name, value); draw(); })));
    if (question.kind === "one") return el("div", { class: "answer-choices is-many" }, question.options.map((value) =>
      choice(name, value, value, given === value, () => { say(name, value); draw(); })));
    if (question.kind === "several") return el("div", { class: "answer-choices is-many" }, question.options.map((value) =>
      choice(name, value, value, (given || []).includes(value), (event) => {
        const rest = (said.values[name] || []).filter((each) => each !== value);
        say(name, event.target.checked ? [...rest, value] : rest);
        draw();
      }, "checkbox")));
    if (question.kind === "photo") {
      const input = el("input", { type: "file", accept: "image/jpeg,image/png,image/webp", capture: "environment", class: "visually-hidden", id: `photo-${name}`, onchange: async () => {
        if (!input.files.length) return;
        const key = await store.photo(client.id, name, input.files[0]);
        say(name, [...(said.values[name] || []), key]);
        draw();
      } });
      return el("div", { class: "answer-place" }, input, el("label", { class: "btn", for: `photo-${name}` }, t("Photo")),
        given ? el("span", { class: "muted" }, `${t("Photos")}: ${given.length}`) : null);
    }
    if (question.kind === "text") {
      const area = el("textarea", { class: "form-control", rows: 2, maxlength: 2000, "aria-label": question.text, oninput: () => say(name, area.value) }, given || "");
      return area;
    }
    const input = el("input", { class: "form-control", type: question.kind === "date" ? "date" : "text", inputmode: question.kind === "date" ? null : "decimal",
      "aria-label": question.text, value: given || "", oninput: () => say(name, input.value) });
    return el("div", { class: "answer-place" }, input, question.kind === "money" ? "₽" : question.unit);
  };

  const fault = (key, text) => {
    const card = place.querySelector(`[data-question="${key}"]`) || place.firstElementChild;
    card.querySelector(".form-error")?.remove();
    card.append(el("p", { class: "form-error", role: "alert" }, text));
    card.scrollIntoView({ block: "center" });
    card.querySelector("input, select, textarea, button")?.focus();
  };

  const head = (client, entry) => el("section", { class: "panel answer-head", "aria-labelledby": "answer-name" },
    el("h2", { id: "answer-name", tabindex: "-1" }, client.name),
    el("p", { class: "muted" }, client.address),
    client.word ? el("p", { class: "note is-ask" }, `${t("Returned")}: ${client.word}`) : null,
    entry && entry.errors ? el("div", { class: "note is-bad", role: "alert" }, `${t("Refused")}: ${(entry.errors.__all__ || []).join(" ")}`) : null,
    el("dl", { class: "answer-facts" }, client.facts.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value)))),
    client.findings.length ? el("div", { class: "answer-found" }, el("b", {}, t("Found")), el("ul", {}, client.findings.map((text) => el("li", {}, text)))) : null,
    client.duplicates.map((twin) => el("fieldset", { class: "answer-twin" }, el("legend", {}, `${t("Twin")} «${twin.name}» (${twin.code})?`),
      el("div", { class: "answer-choices" },
        choice(`twin-${twin.client}`, "same", t("Same"), said.merge === twin.client, () => { said.merge = twin.client; kept(); draw(); }),
        choice(`twin-${twin.client}`, "other", t("Other"), (said.others || []).includes(twin.client), () => {
          said.others = [...(said.others || []), twin.client];
          if (said.merge === twin.client) said.merge = null;
          kept();
          draw();
        })))),
    client.category ? el("fieldset", { class: "answer-twin" },
      el("legend", {}, `${t("Category")}: ${client.category[0] || "—"}. ${t("Proposed")}: ${client.category[1]} `, el("small", { class: "muted" }, client.category[2])),
      el("div", { class: "answer-choices" },
        choice("category", client.category[1], `${t("Take")} ${client.category[1]}`, said.category === client.category[1], () => { said.category = client.category[1]; kept(); }),
        choice("category", "", `${t("Leave")} ${client.category[0] || "—"}`, said.category === "", () => { said.category = ""; kept(); }))) : null);

  const draw = () => {
    const focused = document.activeElement && place.contains(document.activeElement) ? document.activeElement : null;
    const again = focused && focused.name ? `[name="${CSS.escape(focused.name)}"][value="${CSS.escape(focused.value)}"]` : null;
    drawBar();
    if (!sheets.length) { drawNothing(); return; }
    const client = sheets[current];
    const entry = entries.find((each) => each.sheet === client.id);
    const cards = [];
    let section = "";
    for (const question of asked()) {
      if (question.section !== section) cards.push(el("h3", { class: "answer-section" }, section = question.section));
      const wrong = entry && entry.errors && entry.errors[question.key];
      cards.push(el("fieldset", { class: "panel answer-question", "data-question": question.key },
        el("legend", {}, question.text, question.required ? el("span", { class: "answer-required", "aria-hidden": "true" }, " *") : null),
        question.hint ? el("p", { class: "muted" }, question.hint) : null, body(question, client),
        wrong ? el("p", { class: "form-error" }, wrong.join(" ")) : null));
    }
    const comment = el("textarea", { class: "form-control", rows: 2, maxlength: 1000, id: "answer-comment", oninput: () => { said.comment = comment.value; kept(); } }, said.comment || "");
    place.replaceChildren(head(client, entry), ...cards,
      el("div", { class: "panel answer-question" }, el("label", { for: "answer-comment" }, t("Comment")), comment),
      el("div", { class: "answer-foot" },
        button(t("AllRight"), allRight, { class: "btn btn-primary btn-lg", id: "answer-all" }),
        button(t("Next"), submit, { class: "btn btn-lg", id: "answer-next" })),
      el("p", { class: "muted answer-keys" }, t("Keys")));
    if (again) place.querySelector(again)?.focus();
  };
  const drawNothing = () => {
    const empty = !pack ? t("Cold") : !pack.open ? t("Paused") : pack.total ? t("Done") : t("Empty");
    place.replaceChildren(el("div", { class: "panel empty" }, el("h2", { tabindex: "-1" }, empty), pack && pack.total ? el("p", { class: "muted" }, t("DoneText")) : null,
      pack && pack.waiting > pack.sheets.length ? button(t("More"), begin, { class: "btn btn-primary" }) : null));
  };
  const drawBar = () => {
    const unsent = entries.filter((entry) => !entry.errors).length;
    const total = pack ? pack.total : 0;
    const left = pack ? Math.max(0, pack.waiting - answered().length) : 0;
    const meter = el("progress", { class: "answer-meter", max: total || 1, value: total - left, "aria-label": `${t("Left")}: ${left}` });
    bar.replaceChildren(
      button(t("Before"), () => go(current - 1), { class: "btn btn-sm", disabled: current <= 0 }),
      el("span", { class: "answer-count" }, sheets.length ? `${current + 1} ${t("Of")} ${sheets.length}` : "", meter),
      button(t("After"), () => go(current + 1), { class: "btn btn-sm", disabled: current >= sheets.length - 1 }),
      el("span", { class: "muted answer-unsent", id: "answer-unsent" }, unsent ? `${unsent} ${t("Unsent")}` : t("Sent")));
    troubles.replaceChildren(...(store.trouble === "offline" ? [el("p", { class: "note is-ask" }, t("Offline"))]
      : store.trouble === "signed-out" ? [el("p", { class: "note is-bad" }, t("SignedOut"), " ", el("a", { href: root.dataset.login }, t("SignIn")))] : []));
  };

  // --- what is done ---
  const answered = () => entries.filter((entry) => !entry.errors && pack.sheets.some((sheet) => sheet.id === entry.sheet));
  const refresh = async () => {
    entries = await store.entries();
    if (pack) {
      const gone = new Set([...entries.filter((entry) => !entry.errors).map((entry) => entry.sheet), ...done]);
      sheets = pack.open ? pack.sheets.filter((sheet) => !gone.has(sheet.id)) : [];
    }
  };
  const done = new Set(); // answered since the pack was fetched
  const go = async (to) => {
    if (!sheets.length) { draw(); return; }
    current = Math.min(Math.max(to, 0), sheets.length - 1);
    const client = sheets[current];
    const entry = entries.find((each) => each.sheet === client.id);
    said = (await store.draft(client.id)) || (entry ? { values: entry.body.values, comment: entry.body.comment, merge: entry.body.merge_into, category: entry.body.category || undefined } : { values: { ...client.said } });
    draw();
    window.scrollTo(0, 0);
    document.getElementById("answer-name").focus({ preventScroll: true });
  };
  const allRight = () => {
    let more = true; // an answer may bring further questions
    while (more) {
      more = false;
      for (const question of asked()) {
        if (said.values[question.key]) continue;
        // What the register lacks can't be right: it stays unsaid, or is asked for where it must be said.
        const filled = question.kind === "field" && ![null, ""].includes(sheets[current].fields[question.field]);
        if (filled) said.values[question.key] = { ok: true };
        else if (question.kind === "yes_no" && question.required) said.values[question.key] = "yes";
        else continue;
        more = true;
      }
    }
    kept();
    submit();
  };
  const submit = async () => {
    const client = sheets[current];
    const questions = asked();
    const lacking = questions.find(lacks);
    if (lacking) { draw(); fault(lacking.key, t("Required")); return; }
    const keys = new Set(questions.map((question) => question.key));
    const values = Object.fromEntries(Object.entries(said.values).filter(([key]) => keys.has(key)));
    for (const question of questions) if (question.input === "none" && values[question.key] && !values[question.key].ok) delete values[question.key];
    done.add(client.id);
    const at = current;
    await store.answer(client.id, {
      at: new Date().toISOString(), values, seen_version: client.version, seen: client.fields, merge_into: said.merge ?? null,
      category: said.category ?? "", comment: said.comment ?? "", ...here,
    });
    await refresh();
    go(at);
  };

  const begin = async () => {
    pack = await store.load();
    done.clear();
    await refresh();
    current = 0;
    await go(0);
    store.send();
  };
  store.on(async () => {
    const before = entries;
    await refresh();
    for (const entry of entries) if (entry.errors) done.delete(entry.sheet);
    await refresh();
    if (JSON.stringify(before.map((entry) => [entry.key, entry.errors])) !== JSON.stringify(entries.map((entry) => [entry.key, entry.errors])) && entries.some((entry) => entry.errors)) draw();
    else if (!sheets.length) draw();
    else drawBar();
  });
  window.addEventListener("online", () => { store.trouble = ""; store.send(); });
  window.addEventListener("offline", () => { store.trouble = "offline"; drawBar(); });
  document.addEventListener("keydown", (event) => {
    if (!sheets.length) return;
    const writing = event.target.matches("input:not([type=radio], [type=checkbox]), textarea, select");
    if (event.key === "Enter" && event.ctrlKey) submit();
    else if (event.key === "PageDown" && !writing) go(current + 1);
    else if (event.key === "PageUp" && !writing) go(current - 1);
    else if ((event.code === "KeyA") && !writing && !event.ctrlKey && !event.metaKey && !event.altKey) allRight();
    else return;
    event.preventDefault();
  });
  // Where the answers are given, if the person lets the browser say so; nobody is asked for it here.
  if (navigator.permissions) navigator.permissions.query({ name: "geolocation" }).then((permission) => {
    if (permission.state === "granted") navigator.geolocation.watchPosition((found) => Object.assign(here, { lat: found.coords.latitude, lon: found.coords.longitude, accuracy: found.coords.accuracy }), () => {}, { maximumAge: 60000 });
  });
  if ("serviceWorker" in navigator) navigator.serviceWorker.register(root.dataset.worker, { scope: root.dataset.scope });
  begin();
})();
