// Choosing clients in the list: ticks, a range with Shift, the page; kept from page to page while the filters stay.
(() => {
  "use strict";
  const chosen = new Set();
  let filters = null;  // those under which they were chosen
  let last = null;  // the tick that was set last: where a range begins
  const bar = () => document.getElementById("choosing");
  const ticks = () => [...document.querySelectorAll(".cell-pick [name=id]")];

  const show = () => {
    const form = bar();
    if (!form) return;
    const here = ticks();
    here.forEach((tick) => { tick.checked = chosen.has(tick.value); tick.closest("tr").classList.toggle("is-chosen", tick.checked); });
    form.hidden = !chosen.size;
    form.querySelector("[data-chosen]").textContent = new Intl.NumberFormat(document.documentElement.lang).format(chosen.size);
    const shown = new Set(here.map((tick) => tick.value));
    form.querySelector("[data-elsewhere]").value = [...chosen].filter((id) => !shown.has(id)).join(",");
    const page = document.querySelector("input[data-pick-page]");
    const on = here.filter((tick) => tick.checked).length;
    page.checked = on > 0 && on === here.length;
    page.indeterminate = on > 0 && on < here.length;
  };
  const set = (some, on) => { some.forEach((tick) => { if (on) chosen.add(tick.value); else chosen.delete(tick.value); }); show(); };
  const begin = () => {
    const form = bar();
    if (!form) return;
    if (filters !== form.dataset.choosing) chosen.clear();
    filters = form.dataset.choosing;
    last = null;
    // What the browser itself had ticked before it came back to this page
    ticks().forEach((tick) => { if (tick.checked) chosen.add(tick.value); });
    show();
  };
  const range = (from, to) => {
    const all = ticks();
    const ends = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
    return all.slice(ends[0], ends[1] + 1);
  };
  document.addEventListener("click", (event) => {
    const tick = event.target.closest(".cell-pick [name=id]");
    if (tick) {
      set(event.shiftKey && last && document.contains(last) ? range(last, tick) : [tick], tick.checked);
      last = tick;
    }
    const page = event.target.closest("[data-pick-page]");
    if (page) set(ticks(), page.matches("input") ? page.checked : true);
    if (event.target.closest("[data-pick-none]")) { chosen.clear(); show(); document.querySelector(".cell-pick input").focus(); }
  });
  // Arrows go from tick to tick; with Shift they take what they pass.
  document.addEventListener("keydown", (event) => {
    const tick = event.target.closest(".cell-pick [name=id]");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!tick || !step) return;
    event.preventDefault();
    const all = ticks();
    const other = all[all.indexOf(tick) + step];
    if (!other) return;
    other.focus();
    if (event.shiftKey) { set([tick, other], true); last = other; }
  });
  document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.elt.id === "list" || event.detail.target?.id === "list") begin(); });
  begin();
})();
