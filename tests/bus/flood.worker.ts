/// <reference lib="deno.worker" />

// Fills the backlog that all channels share with what nobody wants.
const channel = new BroadcastChannel("junk");
const timer = setInterval(() => {
  for (let i = 0; i < 100; i++) channel.postMessage(i);
}, 5);
self.postMessage("ready");

self.onmessage = () => {
  clearInterval(timer);
  channel.close();
  self.postMessage("stopped");
  self.close();
};
