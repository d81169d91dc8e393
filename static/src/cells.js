// A field edited where it stands: in the list or on the card. Enter saves and stays, Tab saves and goes on to the next
// cell, Esc leaves it as it was; arrows go from cell to cell; Ctrl+Z undoes what the last message offers to.
(() => {
  "use strict";
  const maker = () => document.getElementById("cell-edit");
  const cells = () => [...document.querySelectorAll("[data-cells] [data-cell]")].filter((cell) => cell.offsetParent);
  const button = (cell) => cell.querySelector(".cell-edit");
  const address = (cell) => {
    const { cells: one, in: place } = cell.closest("[data-cells]").dataset;
    return [one.replace(/name\/$/, `${cell.dataset.cell}/`), place || "list"];
  };
  const dress = () => {
    if (!maker()) return;
    document.querySelectorAll("[data-cells] [data-cell]").forEach((cell) => {
      if (button(cell) || cell.querySelector("[data-cell-form]")) return;
      const made = maker().content.firstElementChild.cloneNode(true);
      made.setAttribute("aria-label", `${made.dataset.says}: ${cell.dataset.label}`);
      cell.append(made);
    });
  };
  let was = null;  // the cell that is open, and what stood in it
  let next = null;  // where one goes on when it has been saved

  const open = (cell) => {
    if (was) leave();
    was = [cell, [...cell.childNodes]];
    const [url, place] = address(cell);
    htmx.ajax("GET", `${url}?in=${place}`, { source: cell, target: cell, swap: "innerHTML" });
  };
  const leave = () => {
    const [cell, nodes] = was;
    was = null;
    cell.replaceChildren(...nodes);
    dress();
    return cell;
  };
  const changed = (form) => [...form.querySelectorAll("input:not([type=hidden]), select")].some((field) => {
    const { form: of, name } = field;
    const first = of.querySelector(`input[type=hidden][name="initial-${name}"]`);
    return field.type === "radio" || !first || first.value !== field.value;
  });
  const neighbour = (cell, step) => {
    const all = cells();
    return all[all.indexOf(cell) + step] || null;
  };
  const go = (cell) => { if (cell && document.contains(cell)) open(cell); };

  document.addEventListener("click", (event) => {
    const edit = event.target.closest(".cell-edit");
    if (edit) { next = null; open(edit.closest("[data-cell]")); }
    if (event.target.closest("[data-cell-leave]")) button(leave()).focus();
  });
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest("[data-cell-form]");
    if (!form) return;
    const cell = form.closest("[data-cell]");
    if (event.key === "Escape") {
      event.preventDefault();
      button(leave()).focus();
    } else if (event.key === "Enter" && event.target.matches("select, [type=radio]")) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === "Tab" && event.target.matches("input:not([type=radio]), select")) {
      const fields = [...form.querySelectorAll("input:not([type=hidden]), select")];
      const last = event.shiftKey ? fields[0] : fields.at(-1);
      if (event.target !== last) return;
      event.preventDefault();
      next = neighbour(cell, event.shiftKey ? -1 : 1);
      if (changed(form)) form.requestSubmit();
      else { const left = leave(); if (next) { go(next); next = null; } else button(left).focus(); }
    }
  });
  // Arrows between the cells' buttons: sideways along the row, up and down in the column.
  document.addEventListener("keydown", (event) => {
    const at = event.target.closest(".cell-edit");
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!at || !step) return;
    event.preventDefault();
    const cell = at.closest("[data-cell]");
    const all = event.key === "ArrowRight" || event.key === "ArrowLeft" || !cell.closest("tr")
      ? cells() : cells().filter((each) => each.dataset.cell === cell.dataset.cell);
    const other = all[all.indexOf(cell) + step];
    if (other) button(other).focus();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    dress();
    const cell = event.detail.elt.closest?.("[data-cell]");
    if (!cell) { if (was && !document.contains(was[0])) was = null; return; }
    const form = cell.querySelector("[data-cell-form]");
    if (form) {  // opened, or come back with an error or somebody else's value
      next = null;
      const field = form.querySelector("[data-focus], [aria-invalid=true]") || form.querySelector("input:not([type=hidden]), select");
      field.focus();
      if (field.select) field.select();
    } else {
      was = null;
      const on = next;
      next = null;
      if (on) go(on); else button(cell)?.focus();
    }
  });
  document.addEventListener("htmx:responseError", () => { next = null; if (was && !was[0].querySelector("[data-cell-form]")) leave(); });

  const undo = (form) => {
    const values = Object.fromEntries(new FormData(form));
    const cell = cells().find((each) => address(each)[0] === form.getAttribute("action"));
    form.closest(".toast-line").remove();
    htmx.ajax("POST", form.getAttribute("action"), { source: cell || document.body, target: cell || "#undone", swap: "innerHTML", values });
  };
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-undo]");
    if (form) { event.preventDefault(); undo(form); }
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.code !== "KeyZ" || event.shiftKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
    const forms = document.querySelectorAll("[data-undo]");
    if (forms.length) { event.preventDefault(); undo(forms[forms.length - 1]); }
  });
  dress();
})();
