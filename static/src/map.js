// The map of clients: Leaflet, the marks of the list beside it, and the drawing of an area. Without tiles it draws the
// lines of latitude and longitude.
(() => {
  "use strict";
  const root = document.getElementById("map");
  if (!root) return;
  const data = root.dataset;
  const STEPS = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
  const LONGEST = 80; // points of an area
  const deepest = Number(data.deepest);
  const numbers = (text) => text.split(" ").map(Number);
  const bounds = (text) => { const [south, west, north, east] = numbers(text); return L.latLngBounds([south, west], [north, east]); };
  const point = (lat, lon) => `${lat.toFixed(6)}~${lon.toFixed(6)}`;
  const compact = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumSignificantDigits: 3 });
  const inside = (value, most) => Math.max(-most, Math.min(most, value));
  const boxOf = (shown) => `${point(inside(shown.getSouth(), 90), inside(shown.getWest(), 180))}_${point(inside(shown.getNorth(), 90), inside(shown.getEast(), 180))}`;

  const map = L.map(root, {
    zoomControl: false, attributionControl: Boolean(data.attribution), minZoom: 2, maxZoom: deepest,
    maxBounds: [[-85, -180], [85, 180]], maxBoundsViscosity: 1, boxZoom: false,
    zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false,
  });
  L.control.zoom({ position: "bottomright", zoomInTitle: data.in, zoomOutTitle: data.out }).addTo(map);
  const russian = document.documentElement.lang === "ru";
  const Scale = L.Control.Scale.extend({
    _updateScale(element, label, ratio) {
      L.Control.Scale.prototype._updateScale.call(this, element, russian ? label.replace("km", "км").replace("m", "м") : label, ratio);
    },
  });
  new Scale({ imperial: false }).addTo(map);
  if (map.attributionControl) map.attributionControl.setPrefix(false);
  if (data.tiles) L.tileLayer(data.tiles, { attribution: data.attribution, maxZoom: deepest, referrerPolicy: "origin" }).addTo(map);
  const [lines, names, marks] = [L.layerGroup().addTo(map), L.layerGroup().addTo(map), L.layerGroup().addTo(map)];
  const text = (className, content, at, anchor) => L.marker(at, {
    interactive: false, keyboard: false, zIndexOffset: className === "map-name" ? 2000 : -2000,
    icon: L.divIcon({ className, html: Object.assign(document.createElement("span"), { textContent: content }), iconSize: null, iconAnchor: anchor }),
  });

  // What is drawn
  const graticule = () => {
    lines.clearLayers();
    if (data.tiles) return;
    const shown = map.getBounds();
    const degree = map.getSize().x / (shown.getEast() - shown.getWest());
    const step = STEPS.filter((one) => one * degree >= 90).pop() || STEPS[0];
    const places = Math.max(0, Math.ceil(-Math.log10(step)));
    const line = (ends, label, at, anchor) => lines
      .addLayer(L.polyline(ends, { className: "map-line", interactive: false }))
      .addLayer(text("map-degree", label, at, anchor));
    const [south, west, north, east] = [inside(shown.getSouth(), 85), inside(shown.getWest(), 180), inside(shown.getNorth(), 85), inside(shown.getEast(), 180)];
    const name = (value, [up, down]) => `${Math.abs(value).toLocaleString(document.documentElement.lang, { minimumFractionDigits: places, maximumFractionDigits: places })}° ${value < 0 ? down : up}`;
    for (let i = Math.ceil(west / step); i * step <= east; i += 1) {
      line([[south, i * step], [north, i * step]], name(i * step, russian ? ["в. д.", "з. д."] : ["E", "W"]), [north, i * step], [-4, -4]);
    }
    for (let i = Math.ceil(south / step); i * step <= north; i += 1) {
      line([[i * step, west], [i * step, east]], name(i * step, russian ? ["с. ш.", "ю. ш."] : ["N", "S"]), [i * step, west], [-4, -2]);
    }
  };
  const kinds = () => [...document.querySelectorAll("#in-view .map-legend [data-kind]")];
  const look = (kind) => {
    const found = kinds().find((line) => line.dataset.kind === kind);
    return found ? found.firstElementChild.cloneNode(true) : document.createElement("span");
  };
  const order = () => (new URL(data.view, location.href).searchParams.get("by") === "category" ? ["A", "B", "C", "D", "E", ""] : ["active", "potential", "lost", "closed"]);
  const ring = (parts, total) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 36 36");
    let done = 0;
    order().forEach((kind, i) => {
      if (!parts[i]) return;
      const share = (parts[i] / total) * 100;
      const part = document.createElementNS(svg.namespaceURI, "circle");
      for (const [key, value] of Object.entries({ cx: 18, cy: 18, r: 15.9155, class: `part-${kind}`, "stroke-dasharray": `${share} ${100 - share}`, "stroke-dashoffset": 25 - done })) part.setAttribute(key, value);
      svg.append(part);
      done += share;
    });
    return svg;
  };
  const icon = (line) => {
    const parts = numbers(line.dataset.kinds);
    const total = parts.reduce((sum, one) => sum + one, 0);
    const most = order()[parts.indexOf(Math.max(...parts))];
    const box = document.createElement("div");
    if ("people" in line.dataset) {
      box.append(look(most));
      if (total > 1) box.append(Object.assign(document.createElement("b"), { textContent: total }));
      return L.divIcon({ className: "spot", html: box, iconSize: [28, 28] });
    }
    const size = Math.min(64, 36 + 7 * Math.log10(total));
    const holder = document.createDocumentFragment();
    holder.append(ring(parts, total), Object.assign(document.createElement("span"), { textContent: compact.format(total) }), look(most));
    const made = L.divIcon({ className: "cluster", iconSize: [size, size] });
    made.createIcon = function createIcon(old) {
      const element = L.DivIcon.prototype.createIcon.call(this, old);
      element.replaceChildren(holder);
      return element;
    };
    return made;
  };
  const popup = (line, at) => {
    const content = line.cloneNode(true);
    content.querySelectorAll("button").forEach((button) => button.replaceWith(button.textContent));
    const box = document.createElement("div");
    box.append(...content.childNodes);
    L.popup({ maxWidth: 280, autoPanPadding: [20, 20] }).setLatLng(at).setContent(box).openOn(map);
  };
  const enter = (line) => {
    const [lat, lon] = numbers(line.dataset.at);
    const box = bounds(line.dataset.box);
    const near = box.getNorth() - box.getSouth() < 1e-5 && box.getEast() - box.getWest() < 1e-5;
    if ("people" in line.dataset || near || map.getZoom() >= deepest) popup(line, [lat, lon]);
    else map.fitBounds(box, { padding: [40, 40], maxZoom: Math.max(map.getZoom() + 1, Math.min(deepest, map.getBoundsZoom(box))) });
  };
  map.on("popupopen", (event) => {
    const close = event.popup.getElement().querySelector(".leaflet-popup-close-button");
    if (close) close.setAttribute("aria-label", data.close);
    const link = event.popup.getElement().querySelector("a");
    if (link) link.focus({ preventScroll: true });
  });
  map.on("popupclose", () => root.focus({ preventScroll: true }));
  const draw = () => {
    marks.clearLayers();
    names.clearLayers();
    document.querySelectorAll("#in-view [data-mark]").forEach((line) => {
      const mark = L.marker(numbers(line.dataset.at), { icon: icon(line), keyboard: false, zIndexOffset: "people" in line.dataset ? 0 : 500 });
      mark.on("click", () => enter(line));
      marks.addLayer(mark);
    });
    // Names stand under the mark next to them; one that would lie on another is left out, those of more clients first.
    const taken = [];
    const places = marks.getLayers().map((mark) => ({ at: map.latLngToContainerPoint(mark.getLatLng()), below: mark.options.icon.options.iconSize[1] / 2 }));
    document.querySelectorAll("#in-view [data-name]").forEach((line) => {
      const own = map.latLngToContainerPoint(numbers(line.dataset.name));
      const next = places.reduce((best, one) => (best && best.at.distanceTo(own) <= one.at.distanceTo(own) ? best : one), null);
      const spot = next && next.at.distanceTo(own) < 60 ? next.at.add([0, next.below + 1]) : own;
      const wide = line.textContent.length * 4;
      if (taken.some((one) => Math.abs(one.spot.x - spot.x) < wide + one.wide && Math.abs(one.spot.y - spot.y) < 20)) return;
      taken.push({ spot, wide });
      names.addLayer(text("map-name", line.textContent, map.containerPointToLatLng(spot), [wide, 0]));
    });
    document.getElementById("map-said").textContent = document.querySelector("#in-view [data-said]").textContent;
  };

  // What is asked for
  let waiting = 0;
  let held = false; // the keyboard was in the list that is replaced
  const ask = () => {
    const centre = map.getCenter();
    const here = new URL(location.href);
    here.searchParams.set("at", `${point(centre.lat, centre.lng)}~${map.getZoom()}`);
    history.replaceState(history.state, "", here);
    graticule();
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      held = document.getElementById("in-view").contains(document.activeElement);
      htmx.ajax("GET", `${data.view}&zoom=${map.getZoom()}&box=${boxOf(map.getBounds())}`, { source: root, target: "#in-view", swap: "outerHTML" });
    }, 120);
  };
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "in-view") return;
    draw();
    if (held) document.querySelector("#in-view [data-said]").focus({ preventScroll: true });
  });
  document.addEventListener("click", (event) => {
    const into = event.target.closest("[data-zoom]");
    if (into) enter(into.closest("[data-mark]"));
  });
  const at = (new URL(location.href).searchParams.get("at") || "").split("~").map(Number);
  map.on("moveend", ask);
  if (at.length === 3 && at.every(Number.isFinite)) map.setView([at[0], at[1]], at[2]);
  else map.fitBounds(bounds(data.start), { padding: [30, 30], maxZoom: 16 });
  if (data.area) {
    const points = data.area.split("_").map((one) => one.split("~").map(Number));
    (points.length === 2 ? L.rectangle : L.polygon)(points, { className: "map-area", interactive: false }).addTo(map);
  }

  // An area becomes a filter: of the map, the list, its export and whatever is done to all that match.
  const take = (area) => {
    const centre = map.getCenter();
    location.assign(`?${data.without}&area=${area}&at=${point(centre.lat, centre.lng)}~${map.getZoom()}`);
  };
  let tool = "";
  let shape = null;
  let path = [];
  const choose = (chosen) => {
    tool = chosen;
    document.querySelectorAll("[data-draw]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.draw === tool)));
    root.classList.toggle("is-drawing", Boolean(tool));
    document.getElementById("map-drawing").hidden = !tool;
    document.getElementById("map-hint").hidden = Boolean(tool);
    map.dragging[tool ? "disable" : "enable"]();
    if (shape) shape.remove();
    [shape, path] = [null, []];
  };
  document.querySelectorAll("[data-draw]").forEach((button) => button.addEventListener("click", () => choose(button.dataset.draw === tool ? "" : button.dataset.draw)));
  document.querySelector("[data-take]").addEventListener("click", () => take(boxOf(map.getBounds())));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && tool) choose(""); });
  root.addEventListener("pointerdown", (event) => {
    if (!tool || event.button || event.target.closest(".leaflet-control")) return;
    event.stopPropagation();
    event.preventDefault();
    root.setPointerCapture(event.pointerId);
    path = [map.mouseEventToLatLng(event)];
    shape = (tool === "lasso" ? L.polygon(path, { className: "map-area" }) : L.rectangle([path[0], path[0]], { className: "map-area" })).addTo(map);
  }, true);
  root.addEventListener("pointermove", (event) => {
    if (!shape) return;
    const to = map.mouseEventToLatLng(event);
    if (tool === "lasso") { path.push(to); shape.setLatLngs(path); } else { path[1] = to; shape.setBounds(L.latLngBounds(path)); }
  }, true);
  root.addEventListener("pointerup", () => {
    if (!shape) return;
    const corners = tool === "lasso" ? path.map((one) => map.latLngToLayerPoint(one)) : [];
    let loose = 2;
    let kept = tool === "lasso" ? L.LineUtil.simplify(corners, loose) : [];
    while (kept.length > LONGEST) { loose *= 1.5; kept = L.LineUtil.simplify(corners, loose); }
    const size = shape.getBounds();
    const area = tool === "lasso"
      ? kept.map((one) => map.layerPointToLatLng(one)).map((one) => point(inside(one.lat, 90), inside(one.lng, 180))).join("_")
      : boxOf(size);
    const enough = tool === "lasso" ? kept.length > 2 : size.getNorth() > size.getSouth() && size.getEast() > size.getWest();
    choose("");
    if (enough) take(area);
  }, true);
})();
