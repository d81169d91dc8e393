// The few things that markup and htmx can't do: keys, menus, messages.
(() => {
  "use strict";
  const toasts = document.getElementById("toasts");

  // Messages go by themselves; a pointer over them keeps them.
  const fade = (line) => {
    const gone = () => { if (line.contains(document.activeElement)) left = setTimeout(gone, 2000); else line.remove(); };
    let left = setTimeout(gone, line.querySelector("form") ? 15000 : 6000);
    line.addEventListener("pointerenter", () => clearTimeout(left));
    line.addEventListener("pointerleave", () => { left = setTimeout(gone, 2000); });
  };
  new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach((line) => {
    if (line instanceof Element) fade(line);
  }))).observe(toasts, { childList: true });
  const say = (text) => {
    const line = document.createElement("div");
    line.className = "toast-line is-error";
    line.textContent = text;
    toasts.append(line);
  };
  toasts.querySelectorAll(".toast-line").forEach(fade);
  // What a page asks by itself may fail unsaid: it asks again soon.
  const complain = (kind) => (event) => { if (!event.detail.elt.matches("#freshness, [data-quiet]")) say(document.body.dataset[kind]); };
  // A request whose place a newer one takes is no error; htmx would write two into the console.
  let replaced = false;
  window.addEventListener("htmx:abort", () => { replaced = true; }, true);
  window.addEventListener("htmx:abort", () => { replaced = false; });
  htmx.logger = (element, event, detail) => { if (replaced) delete detail.error; };
  document.addEventListener("say", (event) => say(event.detail.text));
  document.addEventListener("htmx:sendError", complain("lost"));
  document.addEventListener("htmx:timeout", complain("lost"));
  document.addEventListener("htmx:responseError", complain("failed"));
  // Addresses without the filters that are not set.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") return;
    const data = event.detail.formData;
    for (const name of new Set(data.keys())) {
      if (data.getAll(name).every((value) => value === "")) data.delete(name);
    }
  });
  // On a narrow screen tabs and segments scroll: what is chosen is to be seen.
  const reveal = () => document.querySelectorAll(".tab[aria-current], .segments [aria-current]").forEach((chosen) => {
    const row = chosen.parentElement;
    row.scrollLeft = chosen.offsetLeft - row.offsetLeft - (row.clientWidth - chosen.offsetWidth) / 2;
  });
  reveal();
  document.addEventListener("htmx:afterSettle", reveal);
  // A wide table shows at its edges that there is more of it.
  const edges = () => document.querySelectorAll("[data-wide]").forEach((panel) => {
    const hidden = panel.scrollWidth - panel.clientWidth - panel.scrollLeft;
    panel.parentElement.classList.toggle("is-more", hidden > 1);
    panel.parentElement.classList.toggle("is-moved", panel.scrollLeft > 1);
  });
  edges();
  document.addEventListener("htmx:afterSettle", edges);
  document.addEventListener("scroll", edges, { capture: true, passive: true });
  window.addEventListener("resize", edges);
  // What was fetched says where one goes on.
  document.addEventListener("htmx:afterSettle", (event) => {
    const next = event.detail.elt.querySelector("[data-focus]");
    if (next) next.focus();
  });
  // Numbers that renew themselves leave open what is open and scrolled what is scrolled; an open menu is waited for.
  const kept = () => [...document.querySelectorAll("#kpi details, #kpi [data-wide]")];
  let state = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.requestConfig.elt.matches("[data-renew]")) return;
    if (document.querySelector(".kpi [data-menu][open]")) event.detail.shouldSwap = false;
    else state = kept().map((part) => [part.open, part.scrollLeft, part.scrollTop]);
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (state.length) kept().forEach((part, i) => { [part.open, part.scrollLeft, part.scrollTop] = state[i] || []; });
    state = [];
  });
  // A session that ended answers a swap with the sign-in page: say so rather than show it inside the page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.responseURL.includes("/login/")) {
      event.detail.shouldSwap = false;
      say(document.body.dataset.gone);
    }
  });

  // In a grid of fields up and down go to the same field of the row above and below.
  document.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const field = step && event.target.closest("[data-grid] input");
    if (!field) return;
    const row = field.closest("tr");
    const next = row.parentElement.rows[row.sectionRowIndex + step];
    const there = next && next.cells[field.closest("td").cellIndex].querySelector("input:not([type=hidden])");
    if (there) { event.preventDefault(); there.focus(); there.select(); }
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    }
    if (event.key === "Escape") {
      const form = event.target.closest("form[data-escape]");
      if (form) form.querySelector("[data-cancel]").click();
      document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
    }
  });
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    if (event.target.closest("[data-drop]")) {  // a form that was fetched into an empty place
      const place = event.target.closest("form").parentElement;
      place.replaceChildren();
      document.querySelector(`[hx-target="#${place.id}"]`).focus();
    }
    const fold = event.target.closest("[data-fold]");
    if (fold) {
      const open = fold.getAttribute("aria-expanded") !== "true";
      fold.setAttribute("aria-expanded", String(open));
      document.getElementById(fold.getAttribute("aria-controls")).closest("tr").hidden = !open;
    }
    if (event.target.closest("[data-print]")) print();
    const row = event.target.closest("[data-row]");
    if (row && !event.target.closest("a, button, input, select, label, summary, form, .cell-pick") && !String(getSelection())) {
      row.querySelector("a").click();
    }
  });
  // One tick for all of a name in its form.
  document.addEventListener("change", (event) => {
    const all = event.target.closest("[data-all]");
    if (all) all.form.querySelectorAll(`[name="${all.dataset.all}"]`).forEach((one) => { one.checked = all.checked; });
  });
  // Choices that take effect at once, in forms that work without a script by their button.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-auto]");
    if (form) form.requestSubmit();
    // One tick for all of a name in the same form.
    const { all } = event.target.dataset;
    if (all) event.target.form.querySelectorAll(`[name="${all}"]`).forEach((one) => { one.checked = event.target.checked; });
  });
  // What is typed beside a tick ticks it.
  document.addEventListener("input", (event) => {
    const tick = document.getElementById(event.target.dataset.ticks || "");
    if (tick) tick.checked = true;
  });
  // Leaving a form with changes in it asks first.
  let changed = false;
  document.addEventListener("input", (event) => { if (event.target.closest("form[data-guard]")) changed = true; });
  document.addEventListener("submit", () => { changed = false; });
  window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
})();
