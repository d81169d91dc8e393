// Keeps the answering page and what it is made of, so that it opens without a connection. What people take along and
// answer is kept by the page itself (answer.store.js).
"use strict";
const CACHE = "answering-1";
const PAGE = /^\/campaigns\/\d+\/answer\/$/;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// From the network, and kept; from what was kept where the network gives nothing.
const fresh = async (request) => {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(request, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
};
// Files under /static/ bear a hash of what is in them: one that is kept is the one that is asked for.
const kept = async (request) => {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreVary: true })) || fresh(request);
};

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  if (address.pathname.startsWith("/static/")) event.respondWith(kept(event.request));
  else if (PAGE.test(address.pathname)) event.respondWith(fresh(event.request));
});
