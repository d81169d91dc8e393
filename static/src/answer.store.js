// What a person takes along on a clean-up, their answers, and sending them: in IndexedDB, so that neither a lost
// connection nor a closed browser loses one. Every answer has a key of its own, under which the server takes it once.
window.AnswerStore = (() => {
  "use strict";
  const STORES = ["packs", "drafts", "outbox", "photos"];
  const AGAIN = 15000; // ms until the next try where nothing else says that there is a connection

  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  let opened;
  const open = () => {
    opened ||= new Promise((resolve, reject) => {
      const request = indexedDB.open("answering", 1);
      request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return opened;
  };
  const store = async (name, mode = "readonly") => (await open()).transaction(name, mode).objectStore(name);
  const get = async (name, key) => asked((await store(name)).get(key));
  const put = async (name, key, value) => asked((await store(name, "readwrite")).put(value, key));
  const remove = async (name, key) => asked((await store(name, "readwrite")).delete(key));
  const all = async (name) => asked((await store(name)).getAll());

  // What a person answers belongs to them and to the campaign, on a device that several may use.
  class Store {
    constructor(root) {
      this.user = Number(root.dataset.user);
      this.campaign = Number(root.dataset.campaign);
      this.addresses = root.dataset;
      this.listeners = [];
      this.trouble = ""; // "", "offline", "signed-out"
    }

    on(listener) { this.listeners.push(listener); }
    tell() { this.listeners.forEach((listener) => listener()); }
    get mine() { return `${this.user}/${this.campaign}`; }
    own(entries) { return entries.filter((entry) => entry.user === this.user && entry.campaign === this.campaign); }

    // The pack of the server, or the one taken along before where there is no connection; null: neither.
    async load() {
      try {
        const answer = await fetch(this.addresses.pack, { redirect: "manual" });
        if (answer.type === "opaqueredirect") this.trouble = "signed-out";
        else if (answer.ok) {
          const pack = await answer.json();
          if (pack.user === this.user) {
            await put("packs", this.mine, pack);
            this.trouble = "";
          }
        }
      } catch {
        this.trouble = "offline";
      }
      this.pack = (await get("packs", this.mine)) || null;
      return this.pack;
    }

    draft(sheet) { return get("drafts", `${this.mine}/${sheet}`); }
    keep(sheet, said) { return put("drafts", `${this.mine}/${sheet}`, said); }
    drop(sheet) { return remove("drafts", `${this.mine}/${sheet}`); }

    async photo(sheet, question, blob) {
      const key = crypto.randomUUID();
      await put("photos", key, { key, sheet, question, blob, user: this.user, campaign: this.campaign });
      return key;
    }

    // An answer takes the place of one to the same client that has not been sent.
    async answer(sheet, body) {
      for (const entry of await this.entries()) if (entry.sheet === sheet) await remove("outbox", entry.key);
      const key = crypto.randomUUID();
      await put("outbox", key, { key, sheet, user: this.user, campaign: this.campaign, errors: null, body: { ...body, key } });
      await this.drop(sheet);
      this.tell();
      this.send();
    }

    async entries() { return this.own(await all("outbox")); }

    // One after the other, in one window at a time; stops where the connection or the session does.
    async send() {
      await navigator.locks.request("answering", async () => {
        for (const entry of await this.entries()) {
          if (entry.errors) continue;
          try {
            if (!await this.sendPhotos(entry) || !await this.sendOne(entry)) break;
            this.trouble = "";
          } catch {
            this.trouble = "offline";
            break;
          }
          this.tell();
        }
      });
      this.tell();
      clearTimeout(this.timer);
      const waiting = (await this.entries()).some((entry) => !entry.errors);
      if (waiting) this.timer = setTimeout(() => this.send(), AGAIN);
    }

    async sendPhotos(entry) {
      for (const photo of this.own(await all("photos"))) {
        if (photo.sheet !== entry.sheet) continue;
        const form = new FormData();
        form.append("key", photo.key);
        form.append("question", photo.question);
        form.append("photo", photo.blob, "photo");
        const taken = await this.post(`${this.addresses.sheets}${photo.sheet}/photo/`, form, entry);
        if (taken === null) return false;
        await remove("photos", photo.key);
        if (!taken) return true; // the entry says why; the next client is not kept waiting
      }
      return true;
    }

    async sendOne(entry) {
      if ((await get("outbox", entry.key)).errors) return true;
      const taken = await this.post(`${this.addresses.sheets}${entry.sheet}/answer/`, JSON.stringify(entry.body), entry);
      if (taken === null) return false;
      if (taken) {
        await this.arrived(entry.sheet);
        await remove("outbox", entry.key);
      }
      return true;
    }

    // What has arrived is not asked again, also when the page opens without a connection out of what was taken along.
    async arrived(sheet) {
      const rest = this.pack.sheets.filter((each) => each.id !== sheet);
      this.pack.waiting -= this.pack.sheets.length - rest.length;
      this.pack.sheets = rest;
      await put("packs", this.mine, this.pack);
    }

    // true: taken; false: refused, and the entry keeps why; null: not now.
    async post(address, body, entry) {
      const answer = await fetch(address, {
        method: "POST", body, redirect: "manual", headers: { "X-CSRFToken": this.pack.csrf, Accept: "application/json" },
      });
      if (answer.ok) return true;
      if (answer.type === "opaqueredirect") { this.trouble = "signed-out"; return null; }
      if (answer.status === 403) { await this.load(); return null; } // the token of a former session: the next try has the new one
      if (answer.status !== 400 && answer.status !== 404) throw new Error(String(answer.status));
      await put("outbox", entry.key, { ...entry, errors: (await answer.json()).errors });
      return false;
    }
  }
  return Store;
})();
